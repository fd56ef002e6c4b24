"""Evaluations, alerts and actions in memory."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from crispml_core.domain.alerts import (
    ActionStatus,
    Alert,
    AlertState,
    Delivery,
    Evaluation,
    TriggerAction,
)
from crispml_core.domain.errors import Conflict, NotFound
from crispml_core.ports.monitor_store import Outcome
from crispml_core.testing.fakes.outbox import FakeOutbox

Kept = TypeVar("Kept", Evaluation, Alert, TriggerAction)


class FakeMonitorStore:
    """What watching found, by id.

    Parameters
    ----------
    outbox : FakeOutbox
        Gets the messages.
    """

    def __init__(self, outbox: FakeOutbox) -> None:
        self._outbox = outbox
        self._lock = threading.Lock()
        self._evaluations: dict[str, Evaluation] = {}
        self._alerts: dict[str, Alert] = {}
        self._actions: dict[str, TriggerAction] = {}

    def commit(self, outcome: Outcome) -> None:
        """Store an evaluation with all that it decided, or nothing."""
        new = outcome.evaluation
        with self._lock:
            others = [one for one in self._evaluations.values() if one.use_case == new.use_case]
            taken = any(one.sequence == new.sequence or one.at == new.at for one in others)
            firing = self._firing(new.use_case)
            left = {rule: alert for rule, alert in firing.items() if rule not in outcome.resolved}
            if taken or new.id in self._evaluations or any(a.rule in left for a in outcome.fired):
                raise Conflict("another writer stored this at the same moment: try again")
            self._evaluations[new.id] = new
            for rule in set(firing) & {*outcome.seen, *outcome.resolved}:
                ends = rule in outcome.resolved
                alert = firing[rule]
                self._alerts[alert.id] = replace(
                    alert,
                    state=AlertState.RESOLVED if ends else alert.state,
                    resolved_at=new.at if ends else None,
                    last_seen=alert.last_seen if ends else new.at,
                )
            self._alerts |= {alert.id: alert for alert in outcome.fired}
            self._actions |= {action.id: action for action in outcome.actions}
            self._outbox.add(outcome.deliveries)

    def latest(self, use_case: str) -> Evaluation | None:
        """Return the newest evaluation of a use case."""
        of_it = (one for one in self._evaluations.values() if one.use_case == use_case)
        return max(of_it, key=lambda one: one.sequence, default=None)

    def evaluated_at(self, use_case: str, at: datetime) -> Evaluation | None:
        """Return the evaluation of a use case as of exactly this moment."""
        kept = self._evaluations.values()
        return next((one for one in kept if (one.use_case, one.at) == (use_case, at)), None)

    def evaluation(self, evaluation_id: str) -> Evaluation:
        """Return an evaluation, or raise `NotFound`."""
        if evaluation_id not in self._evaluations:
            raise NotFound("evaluation")
        return self._evaluations[evaluation_id]

    def evaluations(
        self, *, use_case: str | None = None, limit: int = 50, before: str | None = None
    ) -> list[Evaluation]:
        """Return evaluations, newest first, older than the evaluation `before`."""
        return _page(self._evaluations, use_case, before)[:limit]

    def alerts(
        self,
        *,
        use_case: str | None = None,
        state: AlertState | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[Alert]:
        """Return alerts, newest first, older than the alert `before`."""
        found = _page(self._alerts, use_case, before)
        return [alert for alert in found if state in (None, alert.state)][:limit]

    def alert(self, alert_id: str) -> Alert:
        """Return an alert, or raise `NotFound`."""
        if alert_id not in self._alerts:
            raise NotFound("alert")
        return self._alerts[alert_id]

    def acknowledge(self, alert_id: str, by: str, at: datetime) -> Alert:
        """Note who looks after an alert, once; raise `NotFound`."""
        with self._lock:
            if alert_id not in self._alerts:
                raise NotFound("alert")
            alert = self._alerts[alert_id]
            if alert.acknowledged_at is None:
                alert = replace(alert, acknowledged_at=at, acknowledged_by=by)
                self._alerts[alert_id] = alert
            return alert

    def action(self, action_id: str) -> TriggerAction:
        """Return an action, or raise `NotFound`."""
        if action_id not in self._actions:
            raise NotFound("action")
        return self._actions[action_id]

    def actions(
        self,
        *,
        use_case: str | None = None,
        kind: str | None = None,
        statuses: Collection[ActionStatus] | None = None,
        limit: int = 500,
        before: str | None = None,
    ) -> list[TriggerAction]:
        """Return actions, newest first, older than the action `before`."""
        return [
            action
            for action in _page(self._actions, use_case, before)
            if kind in (None, action.kind) and (statuses is None or action.status in statuses)
        ][:limit]

    def settle(
        self, action: TriggerAction, expected: ActionStatus, deliveries: Sequence[Delivery] = ()
    ) -> bool:
        """Store what came of an action, if it is still `expected`."""
        with self._lock:
            if self._actions[action.id].status is not expected:
                return False
            self._actions[action.id] = action
            self._outbox.add(deliveries)
            return True

    def alert_counts(self) -> dict[tuple[str, str, str], tuple[int, int]]:
        """Return how many alerts fire and how many there were, by use case, rule and severity."""
        ever = Counter((one.use_case, one.rule, one.severity) for one in self._alerts.values())
        now = Counter(
            (one.use_case, one.rule, one.severity)
            for one in self._alerts.values()
            if one.state is AlertState.FIRING
        )
        return {key: (now[key], number) for key, number in ever.items()}

    def action_counts(self) -> dict[tuple[str, str, str], int]:
        """Return how many actions there ever were, by use case, kind and status."""
        return dict(Counter((a.use_case, a.kind, str(a.status)) for a in self._actions.values()))

    def _firing(self, use_case: str) -> dict[str, Alert]:
        return {
            alert.rule: alert
            for alert in self._alerts.values()
            if alert.use_case == use_case and alert.state is AlertState.FIRING
        }


def _page(kept: Mapping[str, Kept], use_case: str | None, before: str | None) -> list[Kept]:
    found = [
        one
        for one in kept.values()
        if use_case in (None, one.use_case) and (before is None or one.id < before)
    ]
    return sorted(found, key=lambda one: one.id, reverse=True)
