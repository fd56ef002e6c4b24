"""What every store of evaluations, alerts, actions and messages does."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from crispml_core.domain.alerts import (
    ActionStatus,
    Alert,
    AlertState,
    Delivery,
    DeliveryStatus,
    Evaluation,
    TriggerAction,
)
from crispml_core.domain.errors import Conflict, NotFound
from crispml_core.domain.identifiers import new_id
from crispml_core.ports.monitor_store import Outcome


@pytest.fixture
def findings(stores):
    return stores.findings


def an_evaluation(stores, sequence=1, use_case="credit", **changes):
    facts = {
        "id": str(new_id()),
        "use_case": use_case,
        "sequence": sequence,
        "at": stores.clock.advance(60),
        "champion": "v1",
        "decisions": [{"rule": "old", "state": "firing", "summary": "ä"}],
        "states": {"old": {"streak": 1, "firing_since": None}},
        "evidence": {"report of 30 days": "r1"},
    }
    return Evaluation(**facts | changes)


def an_alert(evaluation, rule="old"):
    return Alert(
        id=str(new_id()),
        use_case=evaluation.use_case,
        rule=rule,
        severity="critical",
        state=AlertState.FIRING,
        first_seen=evaluation.at,
        last_seen=evaluation.at,
        evaluation_id=evaluation.id,
        summary="age_days is 200",
    )


def an_action(evaluation, **changes):
    facts = {
        "id": str(new_id()),
        "use_case": evaluation.use_case,
        "rule": "old",
        "kind": "retrain",
        "status": ActionStatus.PLANNED,
        "evaluation_id": evaluation.id,
        "created_at": evaluation.at,
    }
    return TriggerAction(**facts | changes)


def a_message(stores, **changes):
    facts = {
        "id": str(new_id()),
        "use_case": "credit",
        "type": "com.crispml.alert.firing.v1",
        "created_at": stores.clock(),
        "event": {"data": {"summary": "ä"}},
        "next_attempt_at": stores.clock(),
    }
    return Delivery(**facts | changes)


def test_an_evaluation_and_all_it_decided_come_back_as_they_were_stored(stores, findings):
    evaluation = an_evaluation(stores)
    alert, action = an_alert(evaluation), an_action(evaluation)
    message = a_message(stores)

    findings.commit(
        Outcome(evaluation=evaluation, fired=[alert], actions=[action], deliveries=[message])
    )

    assert findings.evaluation(evaluation.id) == evaluation
    assert findings.latest("credit") == evaluation
    assert findings.evaluated_at("credit", evaluation.at) == evaluation
    assert findings.evaluated_at("other", evaluation.at) is None
    assert findings.latest("other") is None
    assert findings.alerts() == [alert]
    assert findings.actions() == [action]
    assert stores.outbox.find() == [message]
    with pytest.raises(NotFound):
        findings.evaluation(str(new_id()))


def test_a_second_evaluation_with_the_same_number_or_moment_stores_nothing(stores, findings):
    first = an_evaluation(stores)
    findings.commit(Outcome(evaluation=first))
    for second in (
        an_evaluation(stores, sequence=1),
        an_evaluation(stores, sequence=2, at=first.at),
    ):
        with pytest.raises(Conflict):
            findings.commit(
                Outcome(
                    evaluation=second,
                    fired=[an_alert(second)],
                    actions=[an_action(second)],
                    deliveries=[a_message(stores)],
                )
            )
    assert findings.evaluations() == [first]
    assert (findings.alerts(), findings.actions(), stores.outbox.find()) == ([], [], [])


def test_an_alert_is_found_by_its_id(stores, findings):
    evaluation = an_evaluation(stores)
    alert = an_alert(evaluation)
    findings.commit(Outcome(evaluation=evaluation, fired=[alert]))
    assert findings.alert(alert.id) == alert
    with pytest.raises(NotFound, match="no such alert"):
        findings.alert(str(new_id()))


def test_an_alert_goes_on_and_ends(stores, findings):
    first = an_evaluation(stores)
    alert = an_alert(first)
    findings.commit(Outcome(evaluation=first, fired=[alert]))
    second = an_evaluation(stores, 2)
    findings.commit(Outcome(evaluation=second, seen=["old"]))
    assert findings.alerts(state=AlertState.FIRING) == [replace(alert, last_seen=second.at)]
    third = an_evaluation(stores, 3)
    findings.commit(Outcome(evaluation=third, resolved=["old"]))

    (ended,) = findings.alerts(state=AlertState.RESOLVED)
    assert (ended.resolved_at, ended.last_seen) == (third.at, second.at)
    assert findings.alerts(state=AlertState.FIRING) == []
    fourth = an_evaluation(stores, 4)
    again = an_alert(fourth)
    findings.commit(Outcome(evaluation=fourth, fired=[again]))
    assert findings.alerts() == [again, ended]
    assert findings.alerts(limit=1) == [again]
    assert findings.alerts(before=again.id) == [ended]
    assert findings.alert_counts() == {("credit", "old", "critical"): (1, 2)}


def test_an_alert_of_a_rule_fires_once(stores, findings):
    first = an_evaluation(stores)
    findings.commit(Outcome(evaluation=first, fired=[an_alert(first)]))
    second = an_evaluation(stores, 2)
    with pytest.raises(Conflict):
        findings.commit(Outcome(evaluation=second, fired=[an_alert(second)]))
    assert findings.latest("credit") == first
    other = an_evaluation(stores, use_case="other")
    findings.commit(Outcome(evaluation=other, fired=[an_alert(other)]))
    assert len(findings.alerts()) == 2


def test_the_first_who_acknowledges_an_alert_stays(stores, findings):
    evaluation = an_evaluation(stores)
    alert = an_alert(evaluation)
    findings.commit(Outcome(evaluation=evaluation, fired=[alert]))
    at = stores.clock.advance(1)

    seen = findings.acknowledge(alert.id, "anna", at)
    assert seen == replace(alert, acknowledged_at=at, acknowledged_by="anna")
    assert findings.acknowledge(alert.id, "ben", stores.clock.advance(1)) == seen
    with pytest.raises(NotFound):
        findings.acknowledge(str(new_id()), "anna", at)


def test_an_action_is_settled_once(stores, findings):
    evaluation = an_evaluation(stores)
    action = an_action(evaluation)
    findings.commit(Outcome(evaluation=evaluation, actions=[action]))
    done = replace(action, status=ActionStatus.SUBMITTED, run_id=str(new_id()), detail="queued")
    message = a_message(stores)

    assert findings.settle(done, ActionStatus.PLANNED, [message])
    assert not findings.settle(done, ActionStatus.PLANNED, [a_message(stores)])

    assert findings.actions(use_case="credit", kind="retrain") == [done]
    assert findings.action(action.id) == done
    with pytest.raises(NotFound):
        findings.action(str(new_id()))
    assert findings.actions(statuses=[ActionStatus.PLANNED]) == []
    assert findings.actions(use_case="other") == []
    assert stores.outbox.find() == [message]
    assert findings.action_counts() == {("credit", "retrain", "submitted"): 1}


def test_a_request_for_approval_is_answered_once(stores, findings):
    evaluation = an_evaluation(stores)
    request = an_action(
        evaluation,
        kind="promote",
        status=ActionStatus.AWAITING,
        version="v2",
        champion="v1",
        reason="it is better",
        evidence={"report of 30 days": "r1"},
    )
    findings.commit(Outcome(evaluation=evaluation, actions=[request]))
    assert findings.action(request.id) == request
    answers = [
        replace(request, status=status, decided_at=stores.clock(), decided_by=by, decided_why="ä")
        for status, by in ((ActionStatus.APPROVED, "anna"), (ActionStatus.REJECTED, "ben"))
    ]
    assert [findings.settle(one, ActionStatus.AWAITING) for one in answers] == [True, False]
    assert findings.action(request.id) == answers[0]


def test_of_two_evaluations_at_once_one_is_stored(stores, findings):
    """Both saw the same state, so both have the same number; one alert fires, one action is due."""
    evaluations = [an_evaluation(stores) for _ in range(4)]
    refused = []

    def commit(evaluation):
        outcome = Outcome(
            evaluation=evaluation, fired=[an_alert(evaluation)], actions=[an_action(evaluation)]
        )
        try:
            findings.commit(outcome)
        except Conflict:
            refused.append(evaluation)

    threads = [threading.Thread(target=commit, args=(one,)) for one in evaluations]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 3
    assert len(findings.alerts()) == len(findings.actions()) == len(findings.evaluations()) == 1


def test_a_message_is_due_until_it_is_delivered(stores):
    outbox, now = stores.outbox, stores.clock()
    first, later = a_message(stores), a_message(stores)
    later = replace(later, next_attempt_at=stores.clock.advance(100))
    outbox.add([first, later])
    outbox.add([])

    assert outbox.due(now) == [first]
    claimed = outbox.claim(first, stores.clock.advance(5))
    assert claimed == replace(first, attempts=1, next_attempt_at=stores.clock())
    assert outbox.claim(first, stores.clock()) is None
    assert outbox.due(now) == []
    assert outbox.due(stores.clock()) == [claimed, later]
    assert outbox.due(stores.clock(), limit=1) == [claimed]

    at = stores.clock.advance(1)
    outbox.settle(claimed, DeliveryStatus.DELIVERED, "answered 204", at)
    outbox.settle(claimed, DeliveryStatus.DEAD, "answered 500", at)
    (done,) = outbox.find(status=DeliveryStatus.DELIVERED)
    assert done == replace(
        claimed, status=DeliveryStatus.DELIVERED, delivered_at=at, outcome="answered 204"
    )
    assert outbox.due(stores.clock()) == [later]
    assert outbox.claim(done, at) is None
    assert outbox.find() == [later, done]
    assert outbox.find(limit=1) == [later]
    assert outbox.find(before=later.id) == [done]
    assert outbox.counts() == {"delivered": 1, "pending": 1}
