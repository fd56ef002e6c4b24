"""The durable record of what watching a model found and set off."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from crispml_core.domain.alerts import (
    ActionStatus,
    Alert,
    AlertState,
    Delivery,
    Evaluation,
    TriggerAction,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Everything that one evaluation writes, in one transaction.

    Parameters
    ----------
    fired : sequence of Alert
        Alerts that begin.
    seen, resolved : sequence of str
        Rules whose alert goes on, or ends.
    actions : sequence of TriggerAction
        What was decided to be done.
    deliveries : sequence of Delivery
        Messages about all of that.
    """

    evaluation: Evaluation
    fired: Sequence[Alert] = ()
    seen: Sequence[str] = ()
    resolved: Sequence[str] = ()
    actions: Sequence[TriggerAction] = ()
    deliveries: Sequence[Delivery] = ()


class MonitorStore(Protocol):
    """Evaluations, alerts and actions."""

    def commit(self, outcome: Outcome) -> None:
        """Store an evaluation with all that it decided, or nothing.

        Raises
        ------
        Conflict
            If an evaluation of the use case with this sequence or of this moment is stored already,
            or if an alert of a rule fires that fires already.
        """
        ...

    def latest(self, use_case: str) -> Evaluation | None:
        """Return the newest evaluation of a use case."""
        ...

    def evaluated_at(self, use_case: str, at: datetime) -> Evaluation | None:
        """Return the evaluation of a use case as of exactly this moment."""
        ...

    def evaluation(self, evaluation_id: str) -> Evaluation:
        """Return an evaluation, or raise `NotFound`."""
        ...

    def evaluations(
        self, *, use_case: str | None = None, limit: int = 50, before: str | None = None
    ) -> list[Evaluation]:
        """Return evaluations, newest first, older than the evaluation `before`."""
        ...

    def alerts(
        self,
        *,
        use_case: str | None = None,
        state: AlertState | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[Alert]:
        """Return alerts, newest first, older than the alert `before`."""
        ...

    def alert(self, alert_id: str) -> Alert:
        """Return an alert, or raise `NotFound`."""
        ...

    def acknowledge(self, alert_id: str, by: str, at: datetime) -> Alert:
        """Note who looks after an alert, once; raise `NotFound`."""
        ...

    def action(self, action_id: str) -> TriggerAction:
        """Return an action, or raise `NotFound`."""
        ...

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
        ...

    def settle(
        self, action: TriggerAction, expected: ActionStatus, deliveries: Sequence[Delivery] = ()
    ) -> bool:
        """Store what came of an action and the messages about it.

        Returns
        -------
        bool
            False, and nothing is stored, when the action is not `expected` any more.
        """
        ...

    def alert_counts(self) -> dict[tuple[str, str, str], tuple[int, int]]:
        """Return how many alerts fire now and how many there ever were.

        By use case, rule and severity.
        """
        ...

    def action_counts(self) -> dict[tuple[str, str, str], int]:
        """Return how many actions there ever were, by use case, kind and status."""
        ...
