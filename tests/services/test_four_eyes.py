"""No sequence of calls by anybody but an independent approver leads to a champion in prod."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crispml_core import UseCase
from crispml_core.domain.access import ApiKey, Grant
from crispml_core.domain.alerts import ActionStatus, Evaluation, TriggerAction
from crispml_core.domain.api_keys import digest_of, new_key
from crispml_core.domain.approval import ApprovalPolicy
from crispml_core.domain.bundles import Approval, BundleImport
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.runs import RunStatus
from crispml_core.governance.promotion import PromotionMode, PromotionRules
from crispml_core.pipelines import cycle
from crispml_core.pipelines.monitoring.actions import Actions
from crispml_core.ports.monitor_store import Outcome
from crispml_core.settings import CrispMLSettings
from crispml_training.app import create_app
from tests.services.conftest import serve
from tests.services.current import CurrentParts
from tests.services.service import Service, version_of

ANN = "20260101-000000-aaaaaaaa"
NOBODYS = "20260102-000000-bbbbbbbb"
VERSIONS = (ANN, NOBODYS)
# Everybody but somebody who is an approver here and trained nothing.
PEOPLE = {
    "viewer": ("viewer",),
    "scorer": ("scorer",),
    "labeller": ("labeller",),
    "trainer": ("trainer",),
    "auditor": ("auditor",),
    "everything-but": ("viewer", "scorer", "labeller", "trainer", "auditor"),
    "approver-of-others": ("approver:other", "trainer"),
    "approver-elsewhere": ("approver::qa", "admin::dev", "trainer"),
}
# These may approve and break the glass, and trained what they would approve.
TRAINERS = {"ann": ("approver", "trainer"), "second": ("approver",)}
ANSWERING = {"champion", "fallback"}


class Prod:
    """The training service of prod, and a key for everybody."""

    def __init__(self, service: Service, use_case: UseCase) -> None:
        self.client, self.parts, self.use_case = service.client, service.parts, use_case
        self.service, self.credentials = service, dict[str, str]()
        stores = self.parts.training.stores
        for name, roles in {**PEOPLE, **TRAINERS, "bob": ("approver",)}.items():
            # The second key of ann is one that she made.
            self._key(name, roles, made_by="key:ann" if name == "second" else "key:root")
        for version, trained_by in ((ANN, ("key:ann",)), (NOBODYS, ())):
            manifest = replace(
                version_of(use_case, version),
                trained_by=trained_by,
                golden_rows=5,
                kpis={"select": {"auc": 0.8}, "test": {"auc": 0.8}},
            )
            stores.models.publish(manifest, {"report.json": b"{}", "model.skops": b"m"})
            facts = {"model": "toy", "version": version, "environment": "qa"}
            facts["digest"] = stores.models.digest("toy", version)
            stores.imports.add(
                BundleImport(
                    bundle=facts["digest"],
                    imported_at=utc_now(),
                    evidence={"lineage": {}, "gates": []},
                    **facts,
                ),
                [Approval(alias="champion", sequence=1, moved_at=utc_now(), **facts)],
            )
            self._asked(version)
        while self.ask("bob", "GET", "/models").status_code == 401:
            time.sleep(0.02)  # until the service has seen the new keys

    def _key(self, name: str, roles: tuple[str, ...], made_by: str) -> None:
        _, key = new_key()
        self.credentials[name] = key
        self.parts.keys.add(
            ApiKey(
                key_id=name[:16],
                digest=digest_of(key),
                name=name,
                grants=tuple(Grant.parse(role) for role in roles),
                created_at=utc_now(),
                created_by=made_by,
            )
        )

    def _asked(self, version: str) -> None:
        """Let a rule ask for the promotion of a version."""
        facts = {"use_case": "toy", "rule": "better", "kind": "promote", "evaluation_id": version}
        self.parts.findings.commit(
            Outcome(
                evaluation=Evaluation(
                    id=version, use_case="toy", sequence=VERSIONS.index(version) + 1, at=utc_now()
                ),
                actions=[
                    TriggerAction(
                        id=f"{status}-{version}",
                        status=status,
                        created_at=utc_now(),
                        version=version,
                        **facts,
                    )
                    for status in (ActionStatus.AWAITING, ActionStatus.PLANNED)
                ],
            )
        )

    def ask(self, who: str, verb: str, path: str, **more: Any) -> Any:
        credential = {"Authorization": f"Bearer {self.credentials[who]}"}
        more["headers"] = credential | more.get("headers", {})
        return self.client.request(verb, f"/api/v1{path}", **more)

    def evaluate_rules(self) -> None:
        """Do what rules planned, as a worker does."""
        messages = self.parts.monitor._messages
        Actions(self.parts.monitor._stores, self.use_case, messages, 60).carry_out()

    def run_cycles(self) -> None:
        """Execute the cycles that wait, as a worker does; each makes a version that is there."""
        while (run := self.parts.runs.lease("worker", 60, ("cycle",))) is not None:
            result = self.parts.training.execute(run)
            self.service.parts.runs.finish(run.id, "worker", RunStatus.SUCCEEDED, result=result)

    def answering(self) -> set[str]:
        """The aliases that let a version answer somebody."""
        return {
            alias
            for alias, event in self.parts.aliases.aliases("toy").items()
            if alias in ANSWERING or event.traffic > 0
        }


Call = tuple[str, str, dict[str, Any]]


def _calls() -> st.SearchStrategy[Call]:
    """Everything that has to do with who answers."""
    version, alias = (
        st.sampled_from(VERSIONS),
        st.sampled_from(["champion", "fallback", "challenger", "mine"]),
    )

    def put(version: str, alias: str, traffic: float) -> Call:
        body: dict[str, Any] = {"version": version, "reason": "r"}
        if alias == "challenger":
            body["traffic"] = traffic
        return "PUT", f"/models/toy/aliases/{alias}", {"json": body, "headers": {"If-Match": "*"}}

    def decide(version: str, decision: str) -> Call:
        path = f"/models/toy/versions/{version}/approval"
        return "POST", path, {"json": {"decision": decision, "reason": "r"}}

    def judge(version: str, healthy: bool) -> Call:
        path = f"/models/toy/versions/{version}/health"
        return "POST", path, {"json": {"healthy": healthy, "reason": "r"}}

    def answer(version: str, decision: str) -> Call:
        body = {"decision": decision, "reason": "r"}
        return "POST", f"/approvals/awaiting-{version}", {"json": body}

    def glass(version: str, alias: str) -> Call:
        path = f"/models/toy/aliases/{alias}/break-glass"
        return "POST", path, {"json": {"version": version, "reason": "r"}}

    def carry(version: str) -> Call:
        return "CARRY", version, {}

    return st.one_of(
        st.builds(put, version, alias, st.sampled_from([0.0, 0.5])),
        st.builds(
            lambda alias: (
                "DELETE",
                f"/models/toy/aliases/{alias}?reason=r",
                {"headers": {"If-Match": "*"}},
            ),
            alias,
        ),
        st.builds(decide, version, st.sampled_from(["approve", "refuse"])),
        st.builds(judge, version, st.booleans()),
        st.builds(answer, version, st.sampled_from(["approve", "reject"])),
        st.builds(glass, version, alias),
        st.builds(carry, version),
        st.just(("POST", "/use-cases/toy/cycle", {"json": {"promote": True}})),
        st.just(("RULES", "", {})),
    )


def _glass(call: Call) -> bool:
    return call[1].endswith("break-glass")


# Whoever may break the glass may do so alone, and everybody hears of it.
SEQUENCES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(sorted(PEOPLE)), _calls()),
        st.tuples(
            st.sampled_from(sorted(TRAINERS)), _calls().filter(lambda call: not _glass(call))
        ),
    ),
    min_size=1,
    max_size=15,
)


@pytest.fixture(scope="module")
def app() -> tuple[Any, Any, CrispMLSettings]:
    known = CrispMLSettings.model_validate(
        {
            "environment": "prod",
            "auth": {"mode": "required"},
            "promotion": {"mode": "code"},
            "signing": {"mode": "required"},
        }
    )
    current: Any = CurrentParts()
    return create_app(current, known, lambda parts: current.executor), current, known


@pytest.fixture
def open_prod(app: Any, toy: UseCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Open a prod with two versions that answer nobody yet."""
    use_case = replace(
        toy,
        approval=ApprovalPolicy(documentation=False),
        monitoring=replace(toy.monitoring, promotion="automatic"),
        gates=(),
    )
    product = SimpleNamespace(id="id")
    for name in ("ingest", "prepare", "train", "report", "curate"):
        monkeypatch.setattr(cycle, name, lambda *given: product)

    @contextmanager
    def opened() -> Iterator[Prod]:
        made, current, known = app
        rules = PromotionRules(environment="prod", mode=PromotionMode.CODE)
        serving = serve("training", (made, current), use_case, known, tmp_path, rules=rules)
        service = next(serving)
        training = service.parts.training
        monkeypatch.setattr(cycle, "persist", lambda *given: training.stores.models.get("toy", ANN))
        try:
            yield Prod(service, use_case)
        finally:
            next(serving, None)

    return opened


def perform(prod: Prod, who: str, call: Call) -> None:
    verb, path, more = call
    if verb == "RULES":
        prod.evaluate_rules()
    elif verb == "CARRY":
        bundle = prod.ask(who, "GET", f"/models/toy/versions/{path}/bundle")
        if bundle.status_code == 200:
            tar = {"Content-Type": "application/x-tar"}
            prod.ask(who, "POST", "/bundles", content=bundle.content, headers=tar)
    else:
        answer = prod.ask(who, verb, path, **more)
        assert answer.status_code < 500, answer.text
    prod.run_cycles()


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sequence=SEQUENCES)
def test_no_sequence_of_calls_without_an_independent_approver_lets_a_version_answer(
    open_prod: Any, sequence: list[Any]
) -> None:
    with open_prod() as prod:
        for who, call in sequence:
            perform(prod, who, call)
            assert prod.answering() == set(), (who, call)


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sequence=SEQUENCES)
def test_with_one_the_trainer_moves_the_alias_whatever_was_tried_before(
    open_prod: Any, sequence: list[Any]
) -> None:
    with open_prod() as prod:
        for who, call in sequence:
            perform(prod, who, call)
        approval = {"decision": "approve", "reason": "meeting 12"}
        for _ in range(2):  # verdicts that were given above
            judged = {"healthy": True, "reason": "looked at"}
            prod.ask("trainer", "POST", f"/models/toy/versions/{ANN}/health", json=judged)
        path = f"/models/toy/versions/{ANN}/approval"
        decided = prod.ask("bob", "POST", path, json=approval)
        assert decided.status_code == 201, decided.text
        assert decided.json()["decided_by"] == "key:bob"
        move = {"version": ANN, "reason": "release 12"}
        champion = prod.ask(
            "trainer", "PUT", "/models/toy/aliases/champion", json=move, headers={"If-Match": "*"}
        )
        assert champion.status_code == 200, champion.text
        assert "champion" in prod.answering()
        assert prod.ask("bob", "GET", path).json()["approval_id"] == decided.json()["approval_id"]


@pytest.mark.parametrize("who", ["ann", "second"])
def test_who_trained_it_is_told_why_they_cannot_approve(open_prod: Any, who: str) -> None:
    with open_prod() as prod:
        path = f"/models/toy/versions/{ANN}/approval"
        answer = prod.ask(who, "POST", path, json={"decision": "approve", "reason": "r"})
        assert (answer.status_code, answer.json()["code"]) == (409, "approval_refused")
        assert "trained" in answer.json()["detail"]
        assert prod.ask(who, "GET", path).json()["objection"] == answer.json()["detail"]


def test_a_broken_glass_is_seen_everywhere_until_somebody_approves(open_prod: Any) -> None:
    with open_prod() as prod:
        glass = {"version": NOBODYS, "reason": "outage"}
        path = "/models/toy/aliases/champion/break-glass"
        assert prod.ask("trainer", "POST", path, json=glass).status_code == 403
        moved = prod.ask("bob", "POST", path, json=glass)
        assert moved.status_code == 200, moved.text
        assert (moved.json()["moved_by"], moved.json()["reason"]) == (
            "key:bob",
            "break-glass: outage",
        )
        (told,) = [one for one in prod.parts.outbox.find() if "break_glass" in one.type]
        assert told.event["data"]["reason"] == "outage"
        gauge = 'crispml_answers_unapproved{alias="champion",model="toy"} '
        ready = prod.client.get("/readyz?verbose")
        assert ready.status_code == 200
        assert ready.json()["checks"]["approval toy champion"].endswith("approved what answers")
        assert f"{gauge}1.0" in prod.client.get("/metrics").text
        move = {"version": ANN, "reason": "release 13"}
        approval = {"decision": "approve", "reason": "meeting 13"}
        prod.ask("bob", "POST", f"/models/toy/versions/{ANN}/approval", json=approval)
        prod.ask("bob", "PUT", "/models/toy/aliases/champion", json=move, headers={"If-Match": "*"})
        assert "approval toy champion" not in prod.client.get("/readyz?verbose").json()["checks"]
        assert f"{gauge}0.0" in prod.client.get("/metrics").text


def test_the_answer_to_a_rule_is_an_approval(open_prod: Any) -> None:
    with open_prod() as prod:
        body = {"decision": "approve", "reason": "the board agreed"}
        path = f"/approvals/awaiting-{ANN}"
        assert prod.ask("ann", "POST", path, json=body).status_code == 409
        assert prod.answering() == set()
        done = prod.ask("bob", "POST", path, json=body)
        assert done.status_code == 200, done.text
        assert "champion" in prod.answering()
        (decision,) = prod.parts.training.stores.approvals.decisions("toy", ANN)
        assert (decision.decided_by, decision.reason) == ("key:bob", "the board agreed")


def test_a_rule_that_promotes_by_itself_waits_until_the_version_is_approved(
    open_prod: Any,
) -> None:
    with open_prod() as prod:
        prod.evaluate_rules()
        action = prod.parts.findings.action(f"planned-{ANN}")
        assert action.status is ActionStatus.AWAITING
