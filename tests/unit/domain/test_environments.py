"""Each environment sees its part of the data pool, and all have one definition."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crispml_core.domain.dataset_privacy import DataSetPrivacy
from crispml_core.domain.environments import EnvironmentData, FieldPolicy
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.fields import Field
from crispml_core.domain.generalisation import Generalise
from crispml_core.domain.targets import Segment
from crispml_core.domain.use_case import Derive

COARSE = FieldPolicy(field="amount", privacy="generalise", generalise=Generalise(width=100))
DEV = EnvironmentData(name="dev", where="channel == 'web'", fields=(COARSE,))


def test_an_environment_replaces_policies_and_the_others_keep_theirs(toy):
    use_case = replace(toy, environments=(DEV,))
    dev, prod = use_case.in_environment("dev"), use_case.in_environment("prod")
    assert dev.schema["amount"].generalise == Generalise(width=100)
    assert list(dev.pool.fields()) == ["channel"]
    assert dev.privacy.training
    assert dev.seen.schema.names == ("order_id", "amount", "items", "channel")
    assert prod is use_case
    assert prod.seen is prod
    assert dev.digest == prod.digest


def test_a_filter_alone_masks_no_value(toy):
    qa = EnvironmentData(name="qa", where="items > 1")
    found = replace(toy, environments=(qa,)).in_environment("qa")
    assert not found.privacy.training
    assert found.seen is found
    assert found.pool is not None


def drops(name):
    return EnvironmentData(name="dev", fields=(FieldPolicy(field=name, privacy="drop"),))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": "test"}, "name must be one of dev, qa, prod"),
        ({"name": "dev", "where": "amount"}, "where must be a condition"),
        (
            {"name": "dev", "where": "price > 1"},
            "environment dev: where: an expression",
        ),
        ({"name": "dev", "fields": (COARSE, COARSE)}, "name each field once"),
        ({"name": "dev", "fields": (FieldPolicy(field="amuont", privacy="drop"),)}, "amount"),
        ({"name": "dev", "fields": (FieldPolicy(field="items", privacy="generalise"),)}, "items"),
        ({"name": "dev", "fields": (FieldPolicy(field="amount", privacy="drop"),)}, "price"),
    ],
)
def test_a_wrong_environment_is_refused_in_every_other_one(toy, data, said):
    with pytest.raises(InvalidInput, match=said):
        replace(toy, environments=(EnvironmentData(**data),)).in_environment("prod")


def test_what_no_model_sees_nothing_can_be_made_of(toy):
    hidden = replace(toy, prepare=(), segments=(Segment("channel"),), environments=())
    with pytest.raises(InvalidInput, match="segment channel: the field channel does not exist"):
        replace(hidden, environments=(drops("channel"),)).in_environment("dev")
    derived = replace(hidden, segments=(), prepare=(Derive("large", "amount > 5"),))
    with pytest.raises(InvalidInput, match="derived field large"):
        replace(derived, environments=(drops("amount"),)).in_environment("dev")
    asked = replace(hidden, segments=(), privacy=DataSetPrivacy(quasi_identifiers=("items",), k=2))
    with pytest.raises(InvalidInput, match="privacy: there is no field items"):
        replace(asked, environments=(drops("items"),)).in_environment("dev")
    street = Field("street", "string", privacy="encrypt")
    sealed = replace(
        toy,
        fields=(*toy.fields, street),
        privacy=DataSetPrivacy(training=True, quasi_identifiers=("street",), k=2),
    )
    with pytest.raises(InvalidInput, match="street is encrypted in data sets"):
        sealed.check_seen()


def test_keys_stay_as_texts_and_other_pseudonyms_no_model_sees(toy):
    fields = (
        Field("key", "integer", privacy="pseudonymise", minimum=0),
        Field("person", "string", privacy="pseudonymise"),
        Field("card", "string", privacy="pseudonymise"),
        *toy.fields[1:],
    )
    seen = replace(
        *(toy,),
        **{"record_key": "key", "subject_key": "person", "fields": fields},
        privacy=DataSetPrivacy(training=True),
    ).seen
    assert seen.schema.names == ("key", "person", "amount", "items", "channel")
    assert (seen.schema["key"].type, seen.schema["key"].minimum) == ("string", None)
    assert seen.seen is seen
