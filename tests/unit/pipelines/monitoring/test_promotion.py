"""Challengers become champion by a rule, at once or after an approval; unfit champions."""

from dataclasses import replace
from datetime import timedelta

import pytest

from crispml_core import Condition, Gate, Rule
from crispml_core.domain.alerts import ActionStatus
from crispml_core.domain.errors import Conflict, InvalidInput, NotFound, StoreUnavailable
from crispml_core.domain.models import CHALLENGER, CHAMPION
from crispml_core.rest.preferences import checked_key

DAY = timedelta(days=1)
WINS = Rule("wins", Condition("challenger", "promote"), action="promote")
UNFIT = Rule("unfit", Condition("gates"), action="fallback")


@pytest.fixture
def contest(world):
    """A champion, and a challenger of which the test says that it is better."""

    def make(promotion, auc=0.9):
        it = world(WINS, promotion=promotion)
        it.champion = it.promote()
        it.now += DAY
        it.challenger = it.publish(b"better", auc)
        it.aliases.move("toy", CHALLENGER, it.challenger, expected=None)
        it.challenge = {"decision": "promote", "reason": "the challenger is better"}
        return it

    return make


def champion(it):
    return it.aliases.current("toy", CHAMPION)


def request(it):
    (action,) = it.findings.actions(kind="promote")
    return action


def test_automatic_promotion_moves_the_alias_and_says_why(contest):
    it = contest("automatic")
    result = it.evaluate(it.now + DAY)
    move = champion(it)
    assert move.version == it.challenger
    assert move.moved_by == "monitor"
    assert "rule wins" in move.reason
    assert "the challenger is better" in move.reason
    assert result["evaluation_id"] in move.reason
    assert it.aliases.current("toy", CHALLENGER) is None
    assert request(it).status is ActionStatus.SUCCEEDED
    assert it.messages() == ["alert.firing.v1", "promotion.succeeded.v1"]
    it.evaluate(it.now + 2 * DAY)
    assert len(it.aliases.history("toy", CHAMPION)) == 2


def test_an_approval_is_asked_for_once_and_moves_the_alias_when_it_is_given(contest):
    it = contest("approval")
    it.evaluate(it.now + DAY)
    again = it.evaluate(it.now + 2 * DAY)
    assert "asked to promote this version already" in again["decisions"][0]["held"]
    waiting = request(it)
    assert (waiting.status, waiting.version) == (ActionStatus.AWAITING, it.challenger)
    assert waiting.champion == champion(it).version == it.champion
    assert it.messages() == ["alert.firing.v1", "promotion.requested.v1"]

    done = it.monitor.answer(waiting.id, approve=True, by="anna", why="the board agreed")
    assert (done.status, done.decided_by) == (ActionStatus.SUCCEEDED, "anna")
    move = champion(it)
    assert (move.version, move.moved_by) == (it.challenger, "anna")
    assert "the board agreed" in move.reason
    for approve in (True, False):
        with pytest.raises(Conflict, match="answered before: it is succeeded"):
            it.monitor.answer(waiting.id, approve=approve, by="ben", why="")


def test_what_was_rejected_stays_and_is_not_asked_for_again(contest):
    it = contest("approval")
    it.evaluate(it.now + DAY)
    done = it.monitor.answer(request(it).id, approve=False, by="anna", why="not now")
    assert (done.status, done.decided_why) == (ActionStatus.REJECTED, "not now")
    it.evaluate(it.now + 2 * DAY)
    assert champion(it).version == it.champion
    assert len(it.findings.actions(kind="promote")) == 1
    assert it.messages()[-1] == "promotion.rejected.v1"
    with pytest.raises(Conflict, match="it is rejected"):
        it.monitor.answer(done.id, approve=True, by="anna", why="")


def test_an_approval_for_another_champion_is_worth_nothing(contest):
    it = contest("approval")
    it.evaluate(it.now + DAY)
    third = it.publish(b"third")
    it.aliases.move("toy", CHAMPION, third, expected=it.champion)
    with pytest.raises(Conflict, match="the champion is another one by now"):
        it.monitor.answer(request(it).id, approve=True, by="anna", why="")
    assert champion(it).version == third
    assert request(it).status is ActionStatus.SKIPPED


@pytest.mark.parametrize("promotion", ["automatic", "approval"])
def test_a_version_that_misses_a_gate_is_not_promoted(contest, promotion):
    it = contest(promotion, auc=0.5)
    it.evaluate(it.now + DAY)
    if promotion == "approval":
        with pytest.raises(Conflict, match="does not keep the gates: auc"):
            it.monitor.answer(request(it).id, approve=True, by="anna", why="")
    assert request(it).status is ActionStatus.FAILED
    assert champion(it).version == it.champion


@pytest.mark.parametrize("moment", ["before the move", "after the move"])
def test_an_approval_that_was_noted_can_be_repeated_after_a_kill(contest, moment):
    it = contest("approval")
    it.evaluate(it.now + DAY)
    move = it.aliases.move

    def dies(*args, **options):
        if moment == "after the move":
            move(*args, **options)
        raise StoreUnavailable("away")

    it.aliases.move = dies
    with pytest.raises(StoreUnavailable):
        it.monitor.answer(request(it).id, approve=True, by="anna", why="")
    assert request(it).status is ActionStatus.APPROVED
    it.aliases.move = move
    with pytest.raises(Conflict, match="it is approved"):
        it.monitor.answer(request(it).id, approve=False, by="ben", why="")
    done = it.monitor.answer(request(it).id, approve=True, by="anna", why="")
    assert done.status is ActionStatus.SUCCEEDED
    assert len(it.aliases.history("toy", CHAMPION)) == 2


def test_the_next_evaluation_carries_out_what_was_approved(contest):
    it = contest("approval")
    it.evaluate(it.now + DAY)
    approved = replace(request(it), status=ActionStatus.APPROVED, decided_by="anna")
    it.findings.settle(approved, ActionStatus.AWAITING)
    it.evaluate(it.now + 2 * DAY)
    assert champion(it).version == it.challenger


def test_only_promotions_are_approved(world):
    it = world(Rule("old", Condition("age_days", at_least=0), action="retrain"))
    it.promote()
    it.evaluate(it.now + DAY)
    (retraining,) = it.findings.actions()
    for unknown in (retraining.id, "none"):
        with pytest.raises(NotFound, match="no such approval"):
            it.monitor.answer(unknown, approve=True, by="anna", why="")


def test_live_gates_that_fail_let_the_fallback_answer_until_they_are_kept(world):
    it = world(UNFIT)
    it.use_case = replace(it.use_case, gates=(Gate("auc", minimum=0.7),))
    version = it.promote()
    it.score(version, right=False)
    it.evaluate(it.now + DAY)
    health = it.stores.training.health
    verdict = health.current("toy")[version]
    assert (verdict.fit, verdict.judged_by) == (False, "monitor")
    assert "rule unfit: gate auc is 0" in verdict.reason
    assert it.stores.reports.get(verdict.evidence).content["kpis"]["auc"]["value"] == 0
    it.evaluate(it.now + 2 * DAY)
    assert health.current("toy")[version].sequence == 1

    it.now += 40 * DAY
    it.score(version, right=True)
    it.evaluate(it.now + DAY)
    assert not health.current("toy")[version].fit  # two good verdicts are needed
    it.evaluate(it.now + 2 * DAY)
    assert health.current("toy")[version].fit
    it.evaluate(it.now + 3 * DAY)
    assert health.current("toy")[version].sequence == 3
    kinds = [message for message in it.messages() if "champion" in message]
    assert kinds == ["champion.fallback.v1", "champion.recover.v1", "champion.recover.v1"]


def test_nobody_can_take_the_key_of_an_action_before_it_is_done(world, monkeypatch):
    """Somebody who does could keep the fallback from answering, or a retraining from beginning."""
    it = world(replace(UNFIT, consecutive=1))
    it.score(it.promote(), right=False)
    health, keys = it.stores.training.health, []
    judge = health.judge

    def overheard(*args, idempotency_key, **more):
        keys.append(idempotency_key)
        return judge(*args, idempotency_key=idempotency_key, **more)

    monkeypatch.setattr(health, "judge", overheard)
    it.evaluate(it.now + DAY)
    (key,) = keys
    with pytest.raises(InvalidInput, match="Idempotency-Key"):
        checked_key(key)


def test_a_rule_may_watch_drift(world):
    it = world(Rule("drifts", Condition("drift", field="amount"), action="retrain"))
    it.promote()
    assert it.evaluate(it.now + DAY)["decisions"][0]["state"] == "unknown"
    alert = {"field": "amount", "statistic": "psi", "value": 0.4, "threshold": 0.1}
    it.drift = {"reason": None, "fields": [], "alerts": [alert]}
    found = it.evaluate(it.now + 2 * DAY)
    assert found["decisions"][0]["summary"] == "drift psi of amount is 0.4 (at least 0.1)"
    assert len(it.cycles()) == 1
