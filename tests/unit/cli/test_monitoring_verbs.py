"""monitor and alerts."""

from __future__ import annotations

import json

import pytest

EVALUATE = "/api/v1/use-cases/credit/monitor"
DRY_RUN = "/api/v1/use-cases/credit/monitor-dry-run"


def decision(state="firing", change=None, act=None, held=""):
    return {
        "rule": "auc-below-gate",
        "severity": "critical",
        "state": state,
        "change": change,
        "act": act,
        "held": held,
        "summary": "kpi auc is 0.61 (not >= 0.7)",
    }


def evaluated(services, *decisions):
    result = {
        "evaluation_id": "e1",
        "at": "2026-01-01T00:00:00+00:00",
        "champion": "v1",
        "replayed": False,
        "firing": [d["rule"] for d in decisions if d["state"] == "firing"],
        "decisions": list(decisions),
        "evidence": {"report of 30 days": "r9"},
        "actions": [{"kind": "retrain", "status": "submitted", "run_id": "r7", "detail": ""}],
    }
    services.on("POST", EVALUATE, services.run(method="monitor", result=result))


def test_monitor_ends_with_3_when_a_rule_fires(services, crispml_cli):
    evaluated(services, decision(act="retrain"))
    done = crispml_cli("monitor", "credit")
    assert done.exit_code == 3
    assert "auc-below-gate  critical  firing" in done.stdout
    assert "retrain submitted: run r7" in done.stdout
    assert services.body("/monitor") == {}


def test_monitor_ends_with_0_when_none_does_or_when_that_is_wanted(services, crispml_cli):
    evaluated(services, decision(state="quiet"))
    assert crispml_cli("monitor", "credit").exit_code == 0
    evaluated(services, decision())
    services._answers["POST", EVALUATE].pop(0)
    assert crispml_cli("monitor", "credit", "--exit-zero").exit_code == 0
    as_json = crispml_cli("monitor", "credit", "--json")
    assert as_json.exit_code == 3
    assert json.loads(as_json.stdout)["result"]["firing"] == ["auc-below-gate"]


def test_monitor_can_be_asked_for_a_moment(services, crispml_cli):
    evaluated(services, decision(state="quiet"))
    assert crispml_cli("monitor", "credit", "--at", "2026-01-01").exit_code == 0
    assert services.body("/monitor") == {"at": "2026-01-01T00:00:00+00:00"}


def test_a_failure_ends_with_1(services, crispml_cli):
    problem = {"status": 422, "detail": "use case credit declares no rules under monitoring"}
    import httpx

    services.on("POST", EVALUATE, httpx.Response(422, json=problem))
    done = crispml_cli("monitor", "credit")
    assert done.exit_code == 1
    assert "declares no rules" in done.stderr


def test_a_dry_run_prints_what_would_have_changed(services, crispml_cli):
    timeline = [
        {"at": "2026-01-01", "decisions": [decision("quiet")]},
        {"at": "2026-01-08", "decisions": [decision(change="fired", act="retrain")]},
        {"at": "2026-01-15", "decisions": [decision(held="cool-down until 2026-01-29")]},
    ]
    result = {"evaluations": 3, "timeline": timeline}
    services.on("POST", DRY_RUN, services.run(method="monitor-dry-run", result=result))
    done = crispml_cli(
        "monitor", "credit", "--dry-run", "--from", "2026-01-01", "--to", "2026-01-15"
    )
    assert done.exit_code == 0
    assert done.stdout.count("auc-below-gate") == 1
    assert "2026-01-08" in done.stdout
    assert services.body("/monitor-dry-run") == {
        "from": "2026-01-01T00:00:00+00:00",
        "to": "2026-01-15T00:00:00+00:00",
        "step_days": 7.0,
    }


@pytest.mark.parametrize(
    "wrong",
    [
        ("--dry-run",),
        ("--dry-run", "--from", "2026-01-01", "--at", "2026-01-01"),
        ("--from", "2026-01-01"),
        ("--step", "1"),
    ],
)
def test_wrong_usage_ends_with_2(crispml_cli, wrong):
    assert crispml_cli("monitor", "credit", *wrong).exit_code == 2


ALERT = {
    "id": "a1",
    "use_case": "credit",
    "rule": "old",
    "severity": "warning",
    "state": "firing",
    "first_seen": "2026-01-01T00:00:00Z",
    "last_seen": "2026-01-02T00:00:00Z",
    "evaluation_id": "e1",
    "summary": "age_days is 200 (above 180)",
}


def test_alerts_are_listed_and_acknowledged(services, crispml_cli):
    services.on("GET", "/api/v1/alerts", {"items": [ALERT], "next_cursor": None})
    taken = ALERT | {"acknowledged_by": "anna"}
    services.on("POST", "/api/v1/alerts/a1/acknowledge", taken)

    shown = crispml_cli("alerts", "--use-case", "credit")
    assert "age_days is 200" in shown.stdout
    assert services.requests[-1].url.params["state"] == "firing"
    crispml_cli("alerts", "--all")
    assert "state" not in services.requests[-1].url.params

    done = crispml_cli("alerts", "acknowledge", "a1", "--by", "anna")
    assert done.stdout == "anna looks after old of credit\n"
    assert services.body("/acknowledge") == {"by": "anna"}


REQUEST = {
    "id": "q1",
    "use_case": "credit",
    "rule": "wins",
    "kind": "promote",
    "status": "awaiting",
    "evaluation_id": "e1",
    "created_at": "2026-01-01T00:00:00Z",
    "version": "v2",
    "champion": "v1",
    "reason": "the challenger is better",
}


def test_approvals_are_listed_and_answered(services, crispml_cli):
    services.on("GET", "/api/v1/approvals", {"items": [REQUEST], "next_cursor": None})
    services.on("POST", "/api/v1/approvals/q1", REQUEST | {"status": "succeeded"})

    assert "the challenger is better" in crispml_cli("approvals").stdout
    assert services.requests[-1].url.params["status"] == "awaiting"
    crispml_cli("approvals", "--all")
    assert "status" not in services.requests[-1].url.params

    done = crispml_cli("approvals", "approve", "q1", "--by", "anna", "--reason", "agreed")
    assert done.stdout == "champion of credit is v2\n"
    sent = {"decision": "approve", "by": "anna", "reason": "agreed"}
    assert services.body("/approvals/q1") == sent
    done = crispml_cli("approvals", "reject", "q1", "--by", "anna")
    assert "stays" in done.stdout
    assert services.body("/approvals/q1", 1)["decision"] == "reject"
    assert crispml_cli("approvals", "approve", "q1").exit_code == 0
