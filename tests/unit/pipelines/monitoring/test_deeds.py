"""What rules set off is written down before it is done, with the rule that did it."""

from __future__ import annotations

import pytest

from crispml_core.domain.alerts import ActionStatus
from crispml_core.domain.errors import StoreUnavailable
from tests.unit.pipelines.monitoring.test_monitor import DAY, GATED


def decayed(world):
    it = world(GATED)
    it.score(it.promote(), right=False)
    it.now += DAY
    return it


def test_a_retraining_names_its_rule_and_its_run(world):
    it = decayed(world)
    it.evaluate(it.now)

    ((event, told),) = it.deeds.done
    assert (event.actor, event.action) == ("rule:auc-below-gate", "retrain")
    assert event.use_case == "toy"
    assert told["status"] == "submitted"
    assert told["run"] == it.cycles()[0].id


def test_nothing_is_set_off_that_cannot_be_written_down(world, monkeypatch):
    def away(self, event):
        raise StoreUnavailable("the database does not answer")

    it = decayed(world)
    monkeypatch.setattr(type(it.deeds), "__call__", away)

    with pytest.raises(StoreUnavailable):
        it.evaluate(it.now)

    assert it.cycles() == []
    (action,) = it.findings.actions()
    assert action.status is ActionStatus.PLANNED, "the next evaluation does it"
