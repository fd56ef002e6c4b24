"""What the policies of a use case need, and what they forbid."""

from dataclasses import replace

import pytest

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.expressions import field
from crispml_core.domain.fields import Field
from crispml_core.domain.generalisation import Generalise
from crispml_core.domain.privacy import NO_SECRETS, Secrets
from crispml_core.domain.pseudonyms import SecretKey, SecretKeys
from crispml_core.domain.targets import Segment
from crispml_core.domain.use_case import Derive
from crispml_core.governance.privacy import (
    check_privacy,
    check_secrets,
    is_private,
    stored_fields,
)

KEYS = SecretKeys((SecretKey("k1", b"1" * 32),))


def changed(toy, segments=(), prepare=(), **policies):
    """Return the use case with other policies: `name={"privacy": …}`."""
    fields = tuple(replace(each, **policies.get(each.name, {})) for each in toy.fields)
    return replace(toy, fields=fields, segments=segments, prepare=prepare)


@pytest.fixture
def clear(toy):
    return changed(toy, note={"privacy": "keep"})


def test_a_use_case_that_keeps_all_is_not_private(clear):
    assert not is_private(clear)
    assert [each.type for each in stored_fields(clear)] == [each.type for each in clear.fields]
    check_secrets([clear], NO_SECRETS)


def test_what_is_stored_has_the_type_that_the_policy_leaves(clear):
    use_case = changed(
        clear,
        order_id={"privacy": "pseudonymise"},
        amount={"privacy": "generalise", "generalise": Generalise(width=100)},
        note={"privacy": "drop"},
        channel={"privacy": "encrypt"},
    )
    assert is_private(use_case)
    stored = {each.name: (each.type, each.privacy) for each in stored_fields(use_case)}
    assert stored["order_id"] == ("string", "pseudonymise")
    assert stored["amount"] == ("number", "generalise")
    assert stored["channel"] == ("string", "encrypt")
    assert "note" not in stored


@pytest.mark.parametrize(
    ("policies", "secrets", "says"),
    [
        ({"order_id": {"privacy": "pseudonymise"}}, Secrets(master=KEYS), "PSEUDONYM_KEY_FILE"),
        ({"note": {"privacy": "encrypt"}}, Secrets(pseudonyms=KEYS), "MASTER_KEY_FILE"),
    ],
)
def test_a_policy_without_its_key_is_refused_before_anything_is_scored(
    clear, policies, secrets, says
):
    use_case = changed(clear, **policies)
    with pytest.raises(InvalidInput, match=says):
        check_secrets([clear, use_case], secrets)
    check_secrets([clear, use_case], Secrets(KEYS, KEYS))


@pytest.mark.parametrize("policy", ["drop", "encrypt", "generalise"])
def test_a_record_key_is_kept_or_pseudonymised(clear, policy):
    more = {"generalise": Generalise(prefix=2)} if policy == "generalise" else {}
    with pytest.raises(InvalidInput, match="scores and labels are found by it"):
        changed(clear, order_id={"privacy": policy, **more})


@pytest.mark.parametrize("kind", ["number", "boolean"])
def test_only_identifiers_are_pseudonymised(kind):
    with pytest.raises(InvalidInput, match="only identifiers can be pseudonymised"):
        Field("x", kind, privacy="pseudonymise")


def test_a_segment_stores_no_value_that_a_policy_keeps_out(clear):
    channel = {"channel": {"privacy": "encrypt"}}
    with pytest.raises(InvalidInput, match="segment channel would store each value"):
        check_privacy(changed(clear, (Segment("channel"),), **channel))
    check_privacy(changed(clear, (Segment("channel"),)))


def test_a_segment_of_a_private_field_may_be_coarse(clear):
    amount = {"amount": {"privacy": "drop"}}
    check_privacy(changed(clear, (Segment("amount", bins=(10, 100)),), **amount))
    large = Derive("large", field("amount") > 100)
    check_privacy(changed(clear, (Segment("large"),), (large,), **amount))
    half = (Derive("half", field("amount") / 2), Derive("quarter", field("half") / 2))
    with pytest.raises(InvalidInput, match="segment quarter would store"):
        check_privacy(changed(clear, (Segment("quarter"),), half, **amount))
