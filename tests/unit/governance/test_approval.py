"""Whether a version may be approved, by whom, and what an approval is worth later."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core import Fairness, Gate, Monitoring
from crispml_core.domain.access import EVERYBODY, ApiKey, Principal
from crispml_core.domain.approval import (
    ApprovalPolicy,
    ChecklistItem,
    DecisionKind,
    VersionDecision,
)
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.models import Lineage, ModelVersion
from crispml_core.governance.approval import (
    Approver,
    approver_of,
    checklist,
    objection,
    standing,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOB = Approver(name="user:bob")


@pytest.fixture
def use_case(toy):
    return replace(
        toy,
        description="Which orders come back.",
        approval=ApprovalPolicy(owner="returns desk"),
    )


@pytest.fixture
def manifest(toy):
    names = ("raw", "prepared", "curated", "curation", "model", "report", "run")
    return ModelVersion(
        model="toy",
        version="v1",
        created_at=NOON,
        use_case="toy",
        use_case_version="1",
        use_case_digest=toy.digest,
        task="binary",
        algorithm="linear",
        hyperparameters={},
        seed=0,
        classes=("no", "yes"),
        threshold=0.5,
        kpis={"test": {"auc": 0.8, "f1": None}},
        lineage=Lineage(**dict.fromkeys(names, "x")),
        libraries={},
        trusted_types=(),
        golden_rows=50,
        schema={},
        trained_by=("user:ann",),
    )


def verdicts(use_case, manifest, **more):
    items = checklist(use_case, manifest, **{"report": {}} | more)
    return {item.name: item.verdict for item in items}


def described(use_case):
    fields = tuple(replace(field, description="What it is.") for field in use_case.fields)
    return replace(use_case, fields=fields)


def test_a_version_of_which_everything_is_known_meets_the_checklist(use_case, manifest):
    found = verdicts(described(use_case), manifest)
    assert set(found.values()) == {"met"}
    assert {"definition", "report", "golden records", "health", "owner"} <= set(found)


@pytest.mark.parametrize(
    ("change", "item", "verdict"),
    [
        ({"use_case_digest": "f" * 64}, "definition", "not met"),
        ({"kpis": {"test": {"auc": 0.6}}}, "gate auc", "not met"),
        ({"kpis": {"test": {}}}, "gate auc", "undecided"),
        ({"golden_rows": 0}, "golden records", "not met"),
    ],
)
def test_what_the_manifest_says_decides(use_case, manifest, change, item, verdict):
    strict = replace(
        use_case, approval=replace(use_case.approval, gates=(Gate("auc", minimum=0.7),)), gates=()
    )
    assert verdicts(strict, manifest)[item] == "met"
    assert verdicts(strict, replace(manifest, **change))[item] == verdict


def test_a_version_without_its_report_or_judged_unfit_does_not_meet_it(use_case, manifest):
    assert verdicts(use_case, manifest, report=None)["report"] == "not met"
    assert verdicts(use_case, manifest, unfit="complaints")["health"] == "not met"


def test_documentation_names_what_is_missing(use_case, manifest):
    bare = replace(use_case, description="", approval=ApprovalPolicy())
    items = {item.name: item for item in checklist(bare, manifest, report={})}
    assert items["owner"].reason == "declare approval.owner in the use case"
    assert items["intended use"].verdict == "not met"
    undescribed = [field.name for field in bare.schema if not field.description]
    assert all(name in items["documentation of fields"].reason for name in undescribed)
    silent = replace(bare, approval=ApprovalPolicy(documentation=False))
    assert "owner" not in verdicts(silent, manifest)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [("fair", "met"), ("unfair", "not met"), ("undecided", "undecided"), (None, "undecided")],
)
def test_fairness_is_what_the_training_report_found(use_case, manifest, found, verdict):
    fair = Fairness(segment="channel", favourable="no")
    watched = replace(use_case, monitoring=Monitoring(fairness=(fair,)))
    attribute = {"segment": "channel", "favourable": "no", "verdict": found, "reasons": []}
    report = {} if found is None else {"fairness": {"attributes": [attribute]}}
    assert verdicts(watched, manifest, report=report)["fairness channel no"] == verdict
    blind = replace(watched, approval=ApprovalPolicy(fairness=False))
    assert "fairness channel no" not in verdicts(blind, manifest, report=report)


@pytest.mark.parametrize(
    ("drift", "verdict"),
    [
        (None, "undecided"),
        ({"reason": "no scores in this period", "worst": {}}, "undecided"),
        ({"reason": None, "worst": {"psi": {"alert": False}}}, "met"),
        ({"reason": None, "worst": {"psi": {"alert": True}}}, "not met"),
    ],
)
def test_drift_is_looked_at_where_the_policy_asks(use_case, manifest, drift, verdict):
    assert "drift" not in verdicts(use_case, manifest, drift=drift)
    asked = replace(use_case, approval=replace(use_case.approval, drift_days=30))
    assert verdicts(asked, manifest, drift=drift)["drift"] == verdict


@pytest.mark.parametrize("wrong", [{"golden_records": -1}, {"drift_days": 0}])
def test_a_policy_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(InvalidInput, match="approval: "):
        ApprovalPolicy(**wrong)


MET = ChecklistItem(name="gate auc", verdict="met", reason="it is 0.8")
OPEN = ChecklistItem(name="fairness sex", verdict="undecided", reason="few records")
MISSED = ChecklistItem(name="owner", verdict="not met", reason="declare it")


@pytest.mark.parametrize(
    ("items", "accepted", "says"),
    [
        ([MET], (), None),
        ([MET, OPEN], (), r"not accepted by name: fairness sex \(few records\)"),
        ([MET, OPEN], ("fairness sex",), None),
        ([MET, OPEN, MISSED], ("fairness sex", "owner"), r"not met: owner \(declare it\)"),
        ([MET], ("something",), "accept: only items of the checklist"),
    ],
)
def test_undecided_can_be_accepted_by_name_and_not_met_cannot(items, accepted, says):
    found = objection(items, accepted, ["user:ann"], BOB)
    assert found is None if says is None else re.search(says, found or "")


def _key(name, made_by):
    return ApiKey(
        key_id=name, digest=name, name=name, grants=(), created_at=NOON, created_by=made_by
    )


def _second(made_by):
    return approver_of(Principal("key:second", ()), [_key("second", made_by)])


# Ann made the first of three keys, and each of them the next one.
KEYS = [_key("ann", "key:root"), _key("1", "key:ann"), _key("2", "key:1"), _key("3", "key:2")]
KEYS += [_key("bea", "key:root")]


@pytest.mark.parametrize(
    ("trained_by", "approver", "says"),
    [
        (["user:ann"], BOB, None),
        (["user:ann", "user:bob"], BOB, "who trained a version cannot approve it"),
        ([], BOB, "nobody knows who trained"),
        (["user:ann"], Approver(name=EVERYBODY.name), "authentication is off"),
        ([EVERYBODY.name], Approver(name=EVERYBODY.name), "authentication is off"),
        (["key:ann"], _second("key:ann"), "made the key that asks"),
        (["key:ann"], _second("key:root"), None),
        (["key:ann"], approver_of(KEYS[0].principal, KEYS[::-1]), "who trained"),
        (["key:ann"], approver_of(KEYS[3].principal, KEYS), "made the key that asks"),
        (["key:3"], approver_of(KEYS[0].principal, KEYS), "made the key that trained"),
        (["key:3"], approver_of(Principal("key:root", ()), KEYS), "made the key that trained"),
        (["key:bea"], approver_of(KEYS[3].principal, KEYS), None),
    ],
)
def test_it_takes_a_second_pair_of_eyes(trained_by, approver, says):
    found = objection([MET], (), trained_by, approver)
    assert found is None if says is None else found is not None and says in found


@st.composite
def histories(draw):
    bound = st.sampled_from(["a" * 64, "b" * 64])
    return [
        VersionDecision(
            approval_id=str(number),
            model="toy",
            version="v1",
            digest=draw(bound),
            report_digest=draw(bound),
            environment=draw(st.sampled_from(["qa", "prod"])),
            kind=draw(st.sampled_from(list(DecisionKind))),
            decided_by="user:bob",
            decided_at=NOON + timedelta(seconds=number),
            reason="r",
        )
        for number in range(draw(st.integers(0, 8)))
    ]


@given(histories())
def test_an_approval_holds_for_its_bytes_its_report_and_its_place_until_a_refusal(history):
    found = standing(history, "prod", "a" * 64, "a" * 64)
    about = [
        one
        for one in history
        if (one.environment, one.digest, one.report_digest) == ("prod", "a" * 64, "a" * 64)
        and one.kind is not DecisionKind.BREAK_GLASS
    ]
    newest = about[-1] if about else None
    assert found == (newest if newest and newest.kind is DecisionKind.APPROVAL else None)
