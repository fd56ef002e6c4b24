"""Evaluations over stores in memory: what is written down, what is done, and what a kill leaves."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from crispml_core import Condition, Monitoring, Rule
from crispml_core.domain.alerts import ActionStatus, AlertState
from crispml_core.domain.errors import Conflict, InvalidInput, StoreUnavailable
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.labels import Label
from crispml_core.domain.models import CHAMPION
from crispml_core.domain.runs import CYCLE, DRY_RUN, MONITOR, RunStatus
from crispml_core.methods.model_persist import draft_version

DAY = timedelta(days=1)
GATED = Rule(
    "auc-below-gate", Condition("kpi", "auc"), severity="critical", action="retrain", window_days=30
)
MOMENT = "2026-01-01T00:00:00Z"
OLD = Rule("old", Condition("age_days", above=180))


def test_a_kpi_below_its_gate_fires_and_sets_off_a_retraining(world):
    it = world(GATED, OLD)
    champion = it.promote()
    it.score(champion, right=True)
    quiet = it.evaluate(it.now + DAY)
    it.now += 40 * DAY
    it.score(champion, right=False)
    loud = it.evaluate(it.now + DAY)

    assert quiet["firing"] == quiet["actions"] == []
    assert (quiet["champion"], quiet["evidence"]) == (champion, {})
    assert loud["firing"] == ["auc-below-gate"]
    (alert,) = it.findings.alerts()
    assert (alert.state, alert.severity) == (AlertState.FIRING, "critical")
    assert alert.summary == "kpi auc is 0 (not >= 0.7)"
    report = it.stores.reports.get(loud["evidence"]["report of 30 days"])
    assert report.content["kpis"]["auc"]["value"] == 0
    assert report.content["window"]["as_of"] == loud["at"].replace("+00:00", "Z")
    (run,) = it.cycles()
    assert run.parameters["challenge"] is True
    assert run.requested_by == "rule:auc-below-gate"
    assert loud["actions"][0]["run_id"] == run.id
    assert it.messages() == ["alert.firing.v1", "retraining.submitted.v1"]
    event = it.outbox.find()[-1].event
    assert event["source"] == "/crispml/qa/toy"
    assert event["data"]["evaluation_id"] == loud["evaluation_id"]


def test_what_the_champion_before_answered_does_not_count(world):
    it = world(GATED)
    it.score(it.promote(), right=False)
    it.now += DAY
    version = draft_version(it.use_case, it.facts, b"other", it.now).version
    it.aliases.move("toy", CHAMPION, version, expected="*")
    (decision,) = it.evaluate(it.now + DAY)["decisions"]
    assert (decision["state"], decision["act"]) == ("unknown", None)


def test_the_alert_goes_on_while_the_retraining_is_under_way_and_then_ends(world):
    it = world(GATED, cooldown_days=7)
    champion = it.promote()
    it.score(champion, right=False)
    it.evaluate(it.now + DAY)
    second = it.evaluate(it.now + 2 * DAY)
    assert second["decisions"][0]["held"].startswith("the cycle")
    it.end_cycle(best="v2", challenger=True)
    third = it.evaluate(it.now + 3 * DAY)
    assert third["decisions"][0]["held"].startswith("cool-down until")
    (action,) = it.findings.actions()
    assert (action.status, action.version) == (ActionStatus.SUCCEEDED, "v2")
    assert len(it.cycles()) == 1

    it.now += 40 * DAY
    it.score(champion, right=True)
    it.evaluate(it.now + DAY)
    assert it.findings.alerts()[0].state is AlertState.RESOLVED
    assert it.messages() == [
        "alert.firing.v1",
        "retraining.submitted.v1",
        "retraining.ended.v1",
        "alert.resolved.v1",
    ]


@pytest.mark.parametrize(
    ("end", "status", "said"),
    [
        ({"best": "v2", "challenger": False}, ActionStatus.SUCCEEDED, "does not pass the gates"),
        ({"status": RunStatus.FAILED}, ActionStatus.FAILED, "the run ended with failed"),
    ],
)
def test_how_a_retraining_ended_is_said(world, end, status, said):
    it = world(GATED)
    it.score(it.promote(), right=False)
    it.evaluate(it.now + DAY)
    it.end_cycle(**end)
    it.evaluate(it.now + 2 * DAY)
    (action,) = it.findings.actions()
    assert action.status is status
    assert said in action.detail


def test_a_budget_that_is_used_up_leaves_the_alert(world):
    it = world(GATED, budget=0)
    it.score(it.promote(), right=False)
    found = it.evaluate(it.now + DAY)
    assert found["firing"] == ["auc-below-gate"]
    assert found["decisions"][0]["held"] == "the budget of 0 in 90 days is used up"
    assert it.cycles() == []


def test_a_cycle_of_somebody_else_is_not_disturbed(world):
    it = world(GATED)
    it.score(it.promote(), right=False)
    other = replace(it.a_run(), method=CYCLE, status=RunStatus.QUEUED)
    it.stores.runs.enqueue(other, exclusive_key="cycle:toy")
    found = it.evaluate(it.now + DAY)
    assert found["decisions"][0]["held"] == f"the cycle {other.id} is not finished"
    assert it.cycles() == [other]
    it.end_cycle()
    assert it.evaluate(it.now + 2 * DAY)["decisions"][0]["act"] == "retrain"


def test_a_cycle_that_began_meanwhile_skips_the_retraining_and_costs_no_budget(world):
    it = world(GATED, budget=1)
    it.score(it.promote(), right=False)
    other = replace(it.a_run(), method=CYCLE, status=RunStatus.QUEUED)
    find = it.stores.runs.find
    # It is queued after the evaluation looked for one.
    it.stores.runs.find = lambda **which: []
    it.stores.runs.enqueue(other, exclusive_key="cycle:toy")
    it.evaluate(it.now + DAY)
    it.stores.runs.find = find
    (skipped,) = it.findings.actions()
    assert skipped.status is ActionStatus.SKIPPED
    it.end_cycle()
    again = it.evaluate(it.now + 2 * DAY)
    assert again["actions"][0]["status"] == ActionStatus.SUBMITTED


def test_a_moment_is_evaluated_once(world):
    it = world(GATED)
    it.score(it.promote(), right=False)
    first, again = it.evaluate(it.now + DAY), it.evaluate(it.now + DAY)
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["evaluation_id"] == first["evaluation_id"]
    assert len(it.findings.alerts()) == len(it.cycles()) == 1
    assert it.messages() == ["alert.firing.v1", "retraining.submitted.v1"]


def test_evaluations_go_forward(world):
    it = world(OLD)
    it.promote()
    it.evaluate(it.now + 2 * DAY)
    with pytest.raises(Conflict, match="later moment"):
        it.evaluate(it.now + DAY)
    with pytest.raises(InvalidInput, match="future"):
        it.evaluate(utc_now() + DAY)
    assert len(it.findings.evaluations()) == 1


class Killed(BaseException):
    """Nothing catches it, as nothing catches SIGKILL."""


@pytest.mark.parametrize("moment", ["before the run is queued", "after the run is queued"])
def test_a_kill_between_decision_and_action_queues_one_retraining_and_one_message(world, moment):
    it = world(GATED)
    it.score(it.promote(), right=False)
    run = it.a_run(at=(it.now + DAY).isoformat())
    enqueue = it.stores.runs.enqueue

    def dies(*args, **options):
        if moment == "after the run is queued":
            enqueue(*args, **options)
        raise Killed

    it.stores.runs.enqueue = dies
    with pytest.raises(Killed):
        it.monitor.execute(run)
    assert it.findings.evaluation(run.id).firing == ["auc-below-gate"]
    (message,) = it.outbox.find()

    it.stores.runs.enqueue = enqueue
    result = it.monitor.execute(run)  # the run is taken up again
    assert it.outbox.find()[-1] == message
    assert it.messages() == ["alert.firing.v1", "retraining.submitted.v1"]
    (queued,) = it.cycles()
    assert result["actions"][0]["run_id"] == queued.id
    it.end_cycle(best="v2", challenger=True)
    it.evaluate(it.now + 2 * DAY)
    assert len(it.cycles()) == 1


def test_what_a_lost_evaluation_planned_is_done_by_the_next_one(world):
    """Also when its own run is not taken up again."""
    it = world(GATED)
    it.score(it.promote(), right=False)
    enqueue = it.stores.runs.enqueue
    it.stores.runs.enqueue = lambda *_, **__: (_ for _ in ()).throw(StoreUnavailable("away"))
    with pytest.raises(StoreUnavailable):
        it.evaluate(it.now + DAY)
    it.stores.runs.enqueue = enqueue
    second = it.evaluate(it.now + 2 * DAY)
    assert second["actions"] == []
    assert second["decisions"][0]["held"].startswith("the cycle")
    assert len(it.cycles()) == 1


def test_without_a_champion_and_without_a_score_nothing_fires(world):
    it = world(GATED, OLD, Rule("covered", Condition("coverage", below=0.5)))
    nobody = it.evaluate()
    assert nobody["champion"] is None
    assert {d["state"] for d in nobody["decisions"]} == {"unknown"}
    it.promote()
    empty = it.evaluate(it.now + DAY)
    assert [d["state"] for d in empty["decisions"]] == ["unknown", "quiet", "unknown"]
    assert it.outbox.find() == it.findings.alerts() == []


def test_the_alert_of_a_rule_that_is_gone_ends(world):
    it = world(GATED, OLD)
    it.score(it.promote(), right=False)
    it.evaluate(it.now + DAY)
    it.use_case = replace(it.use_case, monitoring=Monitoring(rules=(OLD,)))
    it.evaluate(it.now + 2 * DAY)
    assert it.findings.alerts()[0].state is AlertState.RESOLVED


def test_new_labels_since_training(world):
    it = world(Rule("many", Condition("new_labels", at_least=80)))
    champion = it.promote()
    it.score(champion, right=True)
    assert it.evaluate(it.now + timedelta(hours=1))["firing"] == []
    it.now += timedelta(hours=2)
    it.score(champion, right=True)
    assert it.evaluate(it.now + timedelta(hours=1))["firing"] == ["many"]


def test_a_dry_run_says_what_would_have_happened_and_does_nothing(world):
    it = world(GATED, cooldown_days=20, budget=2)
    champion = it.promote()
    it.score(champion, right=True)
    first = it.now
    it.now += 40 * DAY
    it.score(champion, right=False)
    bad_from = it.now
    run = it.a_run(
        DRY_RUN,
        **{"from": first.isoformat(), "to": (first + 100 * DAY).isoformat(), "step_days": 7},
    )
    result = it.monitor.execute(run)

    assert result["evaluations"] == len(result["timeline"]) == 15
    fired = result["rules"]["auc-below-gate"]
    expected = first + 42 * DAY  # the first step after the bad scores and their labels
    assert expected > bad_from
    assert fired["fired"] == [expected.isoformat()]
    # The cool-down of 20 days lets one more step through; then the window holds no scores.
    assert fired["acted"] == [expected.isoformat(), (expected + 21 * DAY).isoformat()]
    assert it.outbox.find() == it.findings.alerts() == it.findings.evaluations() == []
    assert it.cycles() == it.stores.reports.find() == []
    # The real evaluation of such a moment says the same.
    step = next(s for s in result["timeline"] if s["at"] == expected.isoformat())
    assert it.evaluate(expected)["decisions"] == step["decisions"]


def test_a_moment_of_the_past_does_not_see_the_corrections_of_later(world):
    it = world(GATED)
    it.score(it.promote(), right=False)
    moment = (it.now + DAY).isoformat()
    period = {"from": moment, "to": moment, "step_days": 1}
    (then,) = it.monitor.execute(it.a_run(DRY_RUN, **period))["timeline"]
    assert then["decisions"][0]["state"] == "firing"
    it.now += 10 * DAY
    turned = [
        Label(value="no" if n % 2 else "yes", label_time=it.now, record_key=f"1-{n}")
        for n in range(40)
    ]
    it.stores.labels.add("toy", turned)
    assert it.monitor.execute(it.a_run(DRY_RUN, **period))["timeline"] == [then]
    assert it.evaluate(it.now)["decisions"][0]["state"] == "quiet"


def test_a_dry_run_decides_what_evaluations_of_the_same_moments_decide(world):
    it = world(replace(GATED, consecutive=2), OLD, cooldown_days=20, budget=2)
    champion = it.promote()
    first = it.now
    for right in (True, False, False, True):
        it.score(champion, right=right)
        it.now += 25 * DAY
    period = {"from": first.isoformat(), "to": (first + 190 * DAY).isoformat(), "step_days": 7}
    timeline = it.monitor.execute(it.a_run(DRY_RUN, **period))["timeline"]
    acted = []
    for step in timeline:
        found = it.evaluate(datetime.fromisoformat(step["at"]))
        assert found["decisions"] == step["decisions"], step["at"]
        acted += [decision["act"] for decision in step["decisions"] if decision["act"]]
        if it.stores.runs.find(status=RunStatus.QUEUED, limit=1):
            it.end_cycle(best="v2", challenger=False)
    changes = [d["change"] for step in timeline for d in step["decisions"] if d["change"]]
    assert changes.count("fired") == 2
    assert "resolved" in changes
    assert acted == ["retrain", "retrain"]


@pytest.mark.parametrize(
    ("method", "given", "said"),
    [
        (MONITOR, {"when": "now"}, "entry 1 is not known"),
        (MONITOR, {"at": "yesterday"}, "at must be a moment with its zone"),
        (DRY_RUN, {"from": "2026-01-01T00:00:00Z"}, "from and to must be given"),
        (DRY_RUN, {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "before from"),
        (DRY_RUN, {"from": "2026-01-01T00:00:00Z", "to": "2999-01-01T00:00:00Z"}, "future"),
        (
            DRY_RUN,
            {"from": "2020-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z", "step_days": 0.5},
            "at most 1000 evaluations",
        ),
        (MONITOR, {"at": "0001-01-01T00:00:00Z"}, "before the year 1971"),
        (DRY_RUN, {"from": "0001-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "year 1971"),
        *(
            (DRY_RUN, {"from": MOMENT, "to": MOMENT, "step_days": step}, "a minute at least")
            for step in (1e-300, 1e-9, 0, -1.0, float("nan"))
        ),
        (DRY_RUN, {"from": MOMENT, "to": MOMENT, "step_days": True}, "must be a number"),
    ],
)
def test_requests_that_cannot_be_used(world, method, given, said):
    it = world(OLD)
    with pytest.raises(InvalidInput, match=said):
        it.monitor.check("toy", method, given)


def test_a_use_case_without_rules_says_so(world):
    with pytest.raises(InvalidInput, match="declares no rules"):
        world().monitor.check("toy", MONITOR, {})


def test_one_evaluation_of_a_use_case_at_a_time(world):
    it = world(OLD)
    assert it.monitor.exclusive_key("toy", MONITOR) == "monitor:toy"
    assert it.monitor.exclusive_key("toy", DRY_RUN) is None
