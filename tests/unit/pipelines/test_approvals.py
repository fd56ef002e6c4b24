"""Approvals over the stores: what they bind, what they let happen, and the broken glass."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from crispml_core import Gate
from crispml_core.domain.access import EVERYBODY, ApiKey, Grant, Principal, Role
from crispml_core.domain.approval import ApprovalPolicy, ApprovalRefused, DecisionKind
from crispml_core.domain.bundles import Approval, BundleImport, PromotionRefused
from crispml_core.domain.errors import InvalidInput, NotFound
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.models import Lineage, ModelVersion
from crispml_core.governance.promotion import PromotionRules
from crispml_core.pipelines.approvals import Approvals, ApprovalStores
from crispml_core.pipelines.monitoring.messages import Messages
from crispml_core.pipelines.promotion import move_alias
from crispml_core.pipelines.standing import unapproved
from crispml_core.testing.fakes.alias_log import FakeAliasLog
from crispml_core.testing.fakes.key_store import FakeKeyStore
from crispml_core.testing.fakes.outbox import FakeOutbox

BOB = Principal("user:bob", (Grant(Role.APPROVER),))
REPORT = {"report.json": b"{}", "model.skops": b"m"}


class Prod:
    """Stores of prod with versions that qa approved, and what people decide about them."""

    def __init__(self, stores, use_case):
        self.use_case = use_case
        self.stores = replace(
            stores,
            aliases=FakeAliasLog(environment="prod"),
            rules=PromotionRules(environment="prod"),
        )
        self.keys, self.outbox = FakeKeyStore(), FakeOutbox()
        self.approvals = Approvals(
            {use_case.name: use_case},
            ApprovalStores(
                training=self.stores,
                keys=self.keys,
                outbox=self.outbox,
                drift=lambda *_, **__: {"reason": "no scores"},
            ),
            Messages(environment="prod", wanted=True),
        )

    def arrive(self, version="v1", files=REPORT, **changes):
        names = ("raw", "prepared", "curated", "curation", "model", "report", "run")
        manifest = ModelVersion(
            **{
                "model": "toy",
                "version": version,
                "created_at": utc_now(),
                "use_case": "toy",
                "use_case_version": "1",
                "use_case_digest": self.use_case.digest,
                "task": "binary",
                "algorithm": "linear",
                "hyperparameters": {},
                "seed": 0,
                "classes": ("no", "yes"),
                "threshold": 0.5,
                "kpis": {"test": {"auc": 0.8}},
                "lineage": Lineage(**dict.fromkeys(names, "x")),
                "libraries": {},
                "trusted_types": (),
                "golden_rows": 9,
                "schema": {},
                "trained_by": ("user:ann",),
            }
            | changes
        )
        self.stores.models.publish(manifest, files)
        digest = self.stores.models.digest("toy", version)
        facts = {"model": "toy", "version": version, "digest": digest, "environment": "qa"}
        self.stores.imports.add(
            BundleImport(bundle=digest, imported_at=utc_now(), **facts),
            [Approval(alias="champion", sequence=1, moved_at=utc_now(), **facts)],
        )
        return version

    def decide(self, version="v1", principal=BOB, approve=True, **more):
        return self.approvals.decide(
            "toy", version, principal, approve=approve, **{"reason": "meeting 12"} | more
        )

    def move(self, version="v1", alias="champion", **more):
        return move_alias(
            self.stores,
            "toy",
            alias,
            version,
            expected="*",
            reason="release",
            use_case=self.use_case,
            **more,
        )

    def break_glass(self, version="v1", alias="champion", **more):
        return self.approvals.break_glass(
            "toy", alias, version, BOB, **{"reason": "outage", "expected": "*"} | more
        )

    def told(self):
        return [one.type.partition("version.")[2] for one in self.outbox.find()]


@pytest.fixture
def prod(make_stores, toy):
    use_case = replace(
        toy, gates=(Gate("auc", minimum=0.7),), approval=ApprovalPolicy(documentation=False)
    )
    return Prod(make_stores(project_aliases=lambda model: None), use_case)


@pytest.mark.parametrize(
    ("alias", "more"), [("champion", {}), ("fallback", {}), ("challenger", {"traffic": 0.1})]
)
def test_what_answers_in_prod_needs_an_approval(prod, alias, more):
    prod.arrive()
    with pytest.raises(PromotionRefused, match="nobody approved these bytes"):
        prod.move(alias=alias, **more)
    assert prod.stores.aliases.aliases("toy") == {}
    prod.move(alias="challenger" if alias != "challenger" else "candidate")  # answers nobody
    prod.decide()
    prod.move(alias=alias, **more)
    assert prod.stores.aliases.current("toy", alias).version == "v1"


def test_an_approval_keeps_what_it_was_given_on(prod):
    prod.arrive()
    decided = prod.decide()
    assert decided.digest == prod.stores.models.digest("toy", "v1")
    assert (
        decided.report_digest == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    )
    assert {item["verdict"] for item in decided.evidence["checklist"]} == {"met"}
    assert decided.evidence["trained_by"] == ["user:ann"]
    found = prod.approvals.read("toy", "v1", BOB)
    assert (found.approval_id, found.is_needed, found.objection) == (
        decided.approval_id,
        True,
        None,
    )
    assert (found.decisions, found.void) == ([decided], [])


def test_a_refusal_ends_an_approval(prod):
    prod.arrive()
    prod.decide()
    prod.move()
    assert unapproved(prod.stores, "toy") == []
    prod.decide(approve=False, reason="a complaint came")
    assert [event.alias for event in unapproved(prod.stores, "toy")] == ["champion", "fallback"]
    with pytest.raises(PromotionRefused, match="nobody approved"):
        prod.move()


@pytest.mark.parametrize("part", ["digest", "report_digest"])
def test_an_approval_of_other_bytes_or_of_another_report_is_void(prod, part):
    prod.arrive()
    decided = prod.decide()
    log = prod.stores.approvals
    log._decisions[decided.approval_id] = replace(decided, **{part: "f" * 64})
    assert prod.approvals.read("toy", "v1", BOB).void == [decided.approval_id]
    with pytest.raises(PromotionRefused, match="nobody approved"):
        prod.move()


def test_a_version_without_a_report_cannot_be_approved(prod):
    prod.arrive(files={"model.skops": b"m"})
    with pytest.raises(ApprovalRefused, match="report of the version is missing"):
        prod.decide()


def test_who_trained_it_cannot_approve_not_even_with_a_key_of_their_own_making(prod):
    prod.arrive(trained_by=("key:ann",))
    ann = Principal("key:ann", (Grant(Role.APPROVER),))
    second = ApiKey(
        key_id="k2",
        digest="d",
        name="second",
        grants=(Grant(Role.APPROVER),),
        created_at=utc_now(),
        created_by="key:ann",
    )
    prod.keys.add(second)
    for who in (ann, second.principal, EVERYBODY):
        with pytest.raises(ApprovalRefused):
            prod.decide(principal=who)
        assert prod.approvals.read("toy", "v1", who).objection
    assert prod.stores.approvals.decisions("toy", "v1") == []


def test_a_refusal_needs_no_checklist_and_everything_needs_a_reason(prod):
    prod.arrive(trained_by=(), kpis={"test": {"auc": 0.1}})
    prod.decide(approve=False)
    for act in (prod.decide, prod.break_glass):
        with pytest.raises((InvalidInput, ApprovalRefused)):
            act(reason="  ")
    with pytest.raises(NotFound):
        prod.decide("v9")


def test_an_imported_version_is_the_fallback_from_its_approval_on(prod):
    prod.arrive("v1")
    prod.arrive("v2")
    for version in ("v1", "v2"):
        prod.decide(version)
        assert prod.stores.aliases.current("toy", "fallback").version == "v1"


def test_a_broken_glass_is_written_down_and_told_before_anything_moves(prod, monkeypatch):
    prod.arrive(trained_by=())
    seen = []
    move = prod.stores.aliases.move

    def watched(*args, **more):
        seen.append((prod.told(), [one.kind for one in prod.stores.approvals.broken_glass("toy")]))
        return move(*args, **more)

    monkeypatch.setattr(prod.stores.aliases, "move", watched)
    moved = prod.break_glass()
    assert seen == [(["break_glass.v1"], [DecisionKind.BREAK_GLASS])]
    assert (moved.version, moved.moved_by, moved.reason) == (
        "v1",
        "user:bob",
        "break-glass: outage",
    )
    (event,) = [msgspec.to_builtins(one.event) for one in prod.outbox.find()]
    assert (event["data"]["alias"], event["data"]["reason"]) == ("champion", "outage")


def test_a_broken_glass_lasts_for_one_move_and_is_seen_until_somebody_approves(prod):
    prod.arrive("v1")
    prod.arrive("v2")
    prod.break_glass("v1")
    assert [event.alias for event in unapproved(prod.stores, "toy")] == ["champion"]
    prod.decide("v2")
    prod.move("v2")
    assert unapproved(prod.stores, "toy") == []
    with pytest.raises(PromotionRefused, match="nobody approved"):
        prod.move("v1")
    prod.break_glass("v1")
    prod.decide("v1")
    assert unapproved(prod.stores, "toy") == []


@pytest.mark.parametrize(
    "change", [{"kpis": {"test": {"auc": 0.1}}}, {"kpis": {"test": {}}}], ids=str
)
def test_a_broken_glass_stands_for_a_person_and_not_for_evidence(prod, change):
    prod.arrive(**change)
    with pytest.raises(PromotionRefused, match="gates"):
        prod.break_glass()
    assert prod.stores.approvals.broken_glass("toy") == []
    assert prod.told() == []


def test_there_is_no_glass_where_nobody_asks(prod):
    prod.arrive()
    for alias in ("challenger", "candidate"):
        with pytest.raises(InvalidInput, match="needs no approval"):
            prod.break_glass(alias=alias)


def test_elsewhere_nothing_of_it_is_needed(prod):
    prod.arrive()
    for rules in (
        PromotionRules(environment="qa"),
        PromotionRules(environment="prod", four_eyes=False),
    ):
        free = Prod(replace(prod.stores, rules=rules), prod.use_case)
        free.stores = replace(free.stores, rules=rules)
        free.move()
        assert unapproved(free.stores, "toy") == []
