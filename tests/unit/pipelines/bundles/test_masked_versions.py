"""A version that learned from masked data fits where the data are clear, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import msgspec
import pytest

from crispml_core.domain.environments import EnvironmentData, FieldPolicy
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.fields import Field
from crispml_core.domain.generalisation import Generalise
from crispml_core.pipelines.bundles.checks import check_definition

QA = EnvironmentData(
    name="qa",
    fields=(
        FieldPolicy(field="amount", privacy="generalise", generalise=Generalise(width=10)),
        FieldPolicy(field="order_id", privacy="pseudonymise"),
    ),
)


def manifest_of(use_case, **more):
    said = {
        "use_case": use_case.name,
        "use_case_digest": use_case.digest,
        "schema": msgspec.to_builtins(use_case.seen.schema),
        "masked": use_case.privacy.training,
    }
    return SimpleNamespace(**said | more)


@pytest.fixture
def pool(toy):
    return replace(toy, environments=(QA,))


def test_a_masked_version_fits_a_clear_environment_and_the_other_way_round(pool):
    qa, prod = pool.in_environment("qa"), pool.in_environment("prod")
    for made, here in ((qa, prod), (prod, qa), (qa, qa), (prod, prod)):
        check_definition(here, manifest_of(made))


def test_masks_excuse_no_other_difference(pool):
    qa = pool.in_environment("qa")
    fields = [replace(one, maximum=99.0) if one.name == "items" else one for one in pool.fields]
    with pytest.raises(InvalidInput, match="fields that differ: items"):
        check_definition(replace(pool, fields=tuple(fields)), manifest_of(qa))
    more = replace(pool, fields=(*pool.fields, Field("age", "integer")))
    with pytest.raises(InvalidInput, match="1 that are not known here"):
        check_definition(pool, manifest_of(more.in_environment("qa")))
    with pytest.raises(InvalidInput, match="fields that differ: age"):
        check_definition(more, manifest_of(pool))
    with pytest.raises(InvalidInput, match="another definition"):
        check_definition(pool, manifest_of(qa, use_case_digest="e" * 64))
