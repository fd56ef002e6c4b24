"""Rules over REST: evaluations as runs, alerts, messages and metrics."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crispml_core import Condition, Monitoring, Rule, UseCase
from crispml_core.domain.alerts import ActionStatus, Delivery, Evaluation, TriggerAction
from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.runs import CYCLE, MONITOR, RunStatus
from crispml_core.ports.monitor_store import Outcome

EVALUATE = "/api/v1/use-cases/toy/monitor"
DRY_RUN = "/api/v1/use-cases/toy/monitor-dry-run"
OLD = Rule("old", Condition("age_days", at_least=0), severity="critical", action="retrain")


@pytest.fixture
def toy(toy: UseCase) -> UseCase:
    return replace(toy, monitoring=Monitoring(rules=(OLD,)))


@pytest.fixture
def champion(training: Any) -> str:
    from tests.services.service import VERSION, version_of

    training.parts.models.publish(version_of(training.parts.use_cases["toy"]), {})
    training.parts.aliases.move("toy", "champion", VERSION, expected=None)
    return VERSION


def execute(training: Any, run_id: str) -> dict[str, Any]:
    """Execute the queued evaluation as a worker would."""
    run = training.parts.runs.lease("worker", 60, (MONITOR, "monitor-dry-run"))
    assert run.id == run_id
    result = training.parts.execute(run, lambda *_: None)
    training.parts.runs.finish(run_id, "worker", RunStatus.SUCCEEDED, result=result)
    found: dict[str, Any] = training.client.get(f"/api/v1/runs/{run_id}").json()
    return found["result"]  # type: ignore[no-any-return]


def evaluate(training: Any, **body: Any) -> dict[str, Any]:
    answer = training.client.post(EVALUATE, json=body)
    assert answer.status_code == 202, answer.text
    return execute(training, answer.json()["id"])


def test_an_evaluation_is_a_run_that_needs_no_body(training: Any) -> None:
    answer = training.client.post(EVALUATE)
    assert answer.status_code == 202
    assert (answer.json()["method"], answer.json()["parameters"]) == ("monitor", {"at": None})
    assert training.executor.calls[-1] == "wake"
    listed = training.client.get("/api/v1/runs?method=monitor").json()["items"]
    assert [run["id"] for run in listed] == [answer.json()["id"]]


def test_one_evaluation_of_a_use_case_at_a_time(training: Any) -> None:
    first = training.client.post(EVALUATE).json()["id"]
    second = training.client.post(EVALUATE)
    assert second.status_code == 409
    assert first in second.json()["detail"]
    assert training.client.post(EVALUATE, headers={"Idempotency-Key": "k"}).status_code == 409
    execute(training, first)
    assert training.client.post(EVALUATE).status_code == 202


@pytest.mark.usefixtures("champion")
def test_what_fires_is_an_alert_that_somebody_takes_over(training: Any) -> None:
    result = evaluate(training)
    assert result["firing"] == ["old"]
    (alert,) = training.client.get("/api/v1/alerts?state=firing&use_case=toy").json()["items"]
    assert (alert["rule"], alert["severity"], alert["state"]) == ("old", "critical", "firing")
    path = f"/api/v1/alerts/{alert['id']}/acknowledge"
    assert training.client.post(path, json={"by": "anna"}).json()["acknowledged_by"] == "anna"
    assert training.client.post(path, json={"by": "ben"}).json()["acknowledged_by"] == "anna"
    assert training.client.post(path, json={}).status_code == 422
    unknown = training.client.post("/api/v1/alerts/none/acknowledge", json={"by": "anna"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "alert_not_found")
    assert training.client.get("/api/v1/alerts?state=resolved").json()["items"] == []

    (evaluation,) = training.client.get("/api/v1/evaluations?use_case=toy").json()["items"]
    path = f"/api/v1/evaluations/{result['evaluation_id']}"
    assert training.client.get(path).json() == evaluation
    assert training.client.get("/api/v1/evaluations/none").status_code == 404


@pytest.mark.usefixtures("champion")
def test_a_retraining_is_the_cycle_as_anybody_could_ask_for_it(training: Any) -> None:
    (action,) = evaluate(training)["actions"]
    run = training.client.get(f"/api/v1/runs/{action['run_id']}").json()
    assert (run["method"], run["status"]) == (CYCLE, "queued")
    assert run["parameters"]["challenge"] is True
    assert run["parameters"]["promote"] is False
    assert run["parameters"]["algorithms"] == ["linear"]


@pytest.mark.usefixtures("champion")
def test_prometheus_reads_the_alerts_from_the_database(training: Any) -> None:
    labels = '{rule="old",severity="critical",use_case="toy"}'
    assert "crispml_alert_firing{" not in training.client.get("/metrics").text
    evaluate(training)
    lines = training.client.get("/metrics").text.splitlines()
    assert f"crispml_alert_firing{labels} 1.0" in lines
    assert f"crispml_alerts_total{labels} 1.0" in lines
    action = 'kind="retrain",status="submitted",use_case="toy"'
    assert f"crispml_trigger_actions_total{{{action}}} 1.0" in lines


def test_metrics_are_answered_while_the_database_is_away(
    training: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise StoreUnavailable("away")

    assert "crispml_database_read_up 1.0" in training.client.get("/metrics").text
    monkeypatch.setattr(training.parts.findings, "alert_counts", away)
    answer = training.client.get("/metrics")
    assert answer.status_code == 200
    assert "crispml_http_requests_total{" in answer.text
    assert "crispml_database_read_up 0.0" in answer.text
    assert "crispml_alias_moves_total{" not in answer.text
    assert 'crispml_kpi_gate_bound{bound="minimum"' in answer.text


def test_messages_can_be_looked_at(training: Any) -> None:
    now = utc_now()
    message = Delivery(
        id="m1", use_case="toy", type="t", created_at=now, event={}, next_attempt_at=now
    )
    training.parts.outbox.add([message])
    (found,) = training.client.get("/api/v1/deliveries?status=pending").json()["items"]
    assert (found["id"], found["attempts"]) == ("m1", 0)
    assert training.client.get("/api/v1/deliveries?status=dead").json()["items"] == []
    assert 'crispml_webhook_messages{status="pending"} 1.0' in training.client.get("/metrics").text


@pytest.mark.usefixtures("champion")
def test_a_dry_run_changes_nothing(training: Any) -> None:
    now = utc_now()
    body = {"from": (now - timedelta(days=15)).isoformat(), "to": now.isoformat()}
    answer = training.client.post(DRY_RUN, json=body)
    assert answer.status_code == 202, answer.text
    result = execute(training, answer.json()["id"])
    assert result["evaluations"] == 3
    assert training.client.get("/api/v1/alerts").json()["items"] == []
    assert len(training.client.get("/api/v1/runs").json()["items"]) == 1


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        (EVALUATE, {"at": "2999-01-01T00:00:00Z"}, "future"),
        (EVALUATE, {"at": "yesterday"}, "at"),
        (EVALUATE, {"whne": 1}, "unknown"),
        (DRY_RUN, {}, "from"),
        (DRY_RUN, {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "before from"),
        (
            DRY_RUN,
            {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "step_days": 0},
            "step_days",
        ),
    ],
)
def test_bad_requests_queue_nothing(training: Any, path: str, body: Any, said: str) -> None:
    answer = training.client.post(path, json=body)
    assert answer.status_code == 422
    assert said in answer.text
    assert training.parts.runs.find() == []


def test_a_use_case_without_rules_or_without_a_name(training: Any, toy: UseCase) -> None:
    assert training.client.post("/api/v1/use-cases/none/monitor").status_code == 404
    training.parts.use_cases["toy"] = replace(toy, monitoring=Monitoring())
    answer = training.client.post(EVALUATE)
    assert answer.status_code == 422
    assert "declares no rules" in answer.json()["detail"]


@pytest.fixture
def request_id(training: Any, champion: str, toy: UseCase) -> str:
    """A promotion that waits for somebody."""
    from tests.services.service import version_of

    better = replace(version_of(toy, "20260201-000000-abcdef01"), kpis={"test": {"auc": 0.9}})
    training.parts.models.publish(better, {})
    now = utc_now()
    action = TriggerAction(
        id="0197-request",
        use_case="toy",
        rule="wins",
        kind="promote",
        status=ActionStatus.AWAITING,
        evaluation_id="e1",
        created_at=now,
        version=better.version,
        champion=champion,
        reason="the challenger is better",
    )
    evaluation = Evaluation(id="e1", use_case="toy", sequence=1, at=now)
    training.parts.findings.commit(Outcome(evaluation=evaluation, actions=[action]))
    return action.id


def test_a_promotion_waits_for_an_approval(training: Any, request_id: str) -> None:
    (found,) = training.client.get("/api/v1/approvals?status=awaiting").json()["items"]
    assert (found["id"], found["status"]) == (request_id, "awaiting")
    path = f"/api/v1/approvals/{request_id}"
    assert training.client.get(path).json() == found
    assert training.client.get("/api/v1/actions?use_case=toy").json()["items"] == [found]

    body = {"decision": "approve", "by": "anna", "reason": "the board agreed"}
    answer = training.client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["decided_by"]) == ("succeeded", "anna")
    move = training.client.get("/api/v1/models/toy/aliases/champion").json()
    assert (move["version"], move["moved_by"]) == (found["version"], "anna")
    assert "the board agreed" in move["reason"]
    again = training.client.post(path, json=body)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


def test_a_rejected_promotion_moves_nothing(training: Any, request_id: str, champion: str) -> None:
    path = f"/api/v1/approvals/{request_id}"
    answer = training.client.post(path, json={"decision": "reject", "by": "anna"})
    assert answer.json()["status"] == "rejected"
    move = training.client.get("/api/v1/models/toy/aliases/champion").json()
    assert move["version"] == champion
    assert training.client.get("/api/v1/approvals?status=awaiting").json()["items"] == []


@pytest.mark.parametrize(
    "body", [{}, {"decision": "maybe", "by": "anna"}, {"decision": "approve", "by": ""}]
)
def test_an_answer_that_is_none_is_refused(training: Any, request_id: str, body: Any) -> None:
    path = f"/api/v1/approvals/{request_id}"
    assert training.client.post(path, json=body).status_code == 422
    assert training.client.get(path).json()["status"] == "awaiting"
    valid = {"decision": "approve", "by": "anna"}
    missing = training.client.post("/api/v1/approvals/none", json=valid)
    assert (missing.status_code, missing.json()["code"]) == (404, "approval_not_found")
