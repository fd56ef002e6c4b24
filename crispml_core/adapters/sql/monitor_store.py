"""Evaluations, alerts and actions as rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, Row, case, func, insert, select, update

from crispml_core.adapters.sql.databases.engine import reading, writing
from crispml_core.adapters.sql.databases.portable import whole
from crispml_core.adapters.sql.databases.retries import retried, retried_by_key
from crispml_core.adapters.sql.schema.idempotency import digest
from crispml_core.adapters.sql.schema.tables import (
    alerts,
    deliveries,
    monitor_evaluations,
    trigger_actions,
)
from crispml_core.domain.alerts import (
    ActionStatus,
    Alert,
    AlertState,
    Delivery,
    Evaluation,
    TriggerAction,
)
from crispml_core.domain.errors import NotFound
from crispml_core.ports.monitor_store import Outcome

_ALERT = tuple(f.name for f in fields(Alert))
_EVALUATION = tuple(f.name for f in fields(Evaluation))
_ACTION = tuple(f.name for f in fields(TriggerAction))


class SqlMonitorStore:
    """What watching found, in a SQL database; see `crispml_core.ports.monitor_store.MonitorStore`.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @retried
    def commit(self, outcome: Outcome) -> None:
        """Store an evaluation with all that it decided, or nothing."""
        evaluation = outcome.evaluation
        with writing(self._engine) as connection:
            connection.execute(insert(monitor_evaluations).values(_plain(evaluation)))
            for rule in (*outcome.seen, *outcome.resolved):
                values: dict[str, Any] = {"last_seen": evaluation.at}
                if rule in outcome.resolved:
                    values = {
                        "state": AlertState.RESOLVED.value,
                        "firing_key": None,
                        "resolved_at": evaluation.at,
                    }
                key = digest(evaluation.use_case, rule)
                connection.execute(update(alerts).where(alerts.c.firing_key == key).values(values))
            for alert in outcome.fired:
                key = digest(alert.use_case, alert.rule)
                connection.execute(insert(alerts).values(_plain(alert) | {"firing_key": key}))
            if outcome.actions:
                connection.execute(insert(trigger_actions), [_plain(a) for a in outcome.actions])
            add_deliveries(connection, outcome.deliveries)

    @retried
    def latest(self, use_case: str) -> Evaluation | None:
        """Return the newest evaluation of a use case."""
        query = (
            select(monitor_evaluations)
            .where(monitor_evaluations.c.use_case == use_case)
            .order_by(monitor_evaluations.c.sequence.desc())
            .limit(1)
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _evaluation(row)

    @retried
    def evaluated_at(self, use_case: str, at: datetime) -> Evaluation | None:
        """Return the evaluation of a use case as of exactly this moment."""
        query = select(monitor_evaluations).where(
            monitor_evaluations.c.use_case == use_case, monitor_evaluations.c.at == at
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _evaluation(row)

    @retried
    def evaluation(self, evaluation_id: str) -> Evaluation:
        """Return an evaluation, or raise `NotFound`."""
        query = select(monitor_evaluations).where(monitor_evaluations.c.id == evaluation_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFound("evaluation")
        return _evaluation(row)

    @retried
    def evaluations(
        self, *, use_case: str | None = None, limit: int = 50, before: str | None = None
    ) -> list[Evaluation]:
        """Return evaluations, newest first, older than the evaluation `before`."""
        table = monitor_evaluations
        query = _page(table, use_case, limit, before)
        with reading(self._engine) as connection:
            return [_evaluation(row) for row in connection.execute(query)]

    @retried
    def alerts(
        self,
        *,
        use_case: str | None = None,
        state: AlertState | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[Alert]:
        """Return alerts, newest first, older than the alert `before`."""
        query = _page(alerts, use_case, limit, before)
        if state is not None:
            query = query.where(alerts.c.state == state.value)
        with reading(self._engine) as connection:
            return [_alert(row) for row in connection.execute(query)]

    @retried
    def alert(self, alert_id: str) -> Alert:
        """Return an alert, or raise `NotFound`."""
        with reading(self._engine) as connection:
            row = connection.execute(select(alerts).where(alerts.c.id == alert_id)).one_or_none()
        if row is None:
            raise NotFound("alert")
        return _alert(row)

    @retried_by_key  # only the first one counts
    def acknowledge(self, alert_id: str, by: str, at: datetime) -> Alert:
        """Note who looks after an alert, once; raise `NotFound`."""
        this = alerts.c.id == alert_id
        change = update(alerts).where(this, alerts.c.acknowledged_at.is_(None))
        with writing(self._engine) as connection:
            connection.execute(change.values(acknowledged_at=at, acknowledged_by=by))
            row = connection.execute(select(alerts).where(this)).one_or_none()
        if row is None:
            raise NotFound("alert")
        return _alert(row)

    @retried
    def action(self, action_id: str) -> TriggerAction:
        """Return an action, or raise `NotFound`."""
        query = select(trigger_actions).where(trigger_actions.c.id == action_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFound("action")
        return _action(row)

    @retried
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
        if statuses is not None and not statuses:
            return []
        query = _page(trigger_actions, use_case, limit, before)
        if kind is not None:
            query = query.where(trigger_actions.c.kind == kind)
        if statuses is not None:
            names = [status.value for status in statuses]
            query = query.where(trigger_actions.c.status.in_(names))
        with reading(self._engine) as connection:
            return [_action(row) for row in connection.execute(query)]

    @retried
    def settle(
        self, action: TriggerAction, expected: ActionStatus, deliveries: Sequence[Delivery] = ()
    ) -> bool:
        """Store what came of an action, if it is still `expected`."""
        change = (
            update(trigger_actions)
            .where(trigger_actions.c.id == action.id, trigger_actions.c.status == expected.value)
            .values(
                status=action.status.value,
                run_id=action.run_id,
                version=action.version,
                detail=action.detail,
                decided_at=action.decided_at,
                decided_by=action.decided_by,
                decided_why=action.decided_why,
            )
        )
        with writing(self._engine) as connection:
            if connection.execute(change).rowcount != 1:
                return False
            add_deliveries(connection, deliveries)
        return True

    @retried
    def alert_counts(self) -> dict[tuple[str, str, str], tuple[int, int]]:
        """Return how many alerts fire and how many there were, by use case, rule and severity."""
        key = (alerts.c.use_case, alerts.c.rule, alerts.c.severity)
        firing = func.sum(
            case((alerts.c.state == AlertState.FIRING.value, whole(1)), else_=whole(0))
        )
        query = select(*key, firing, func.count()).group_by(*key)
        with reading(self._engine) as connection:
            return {
                (use_case, rule, severity): (int(now), int(ever))
                for use_case, rule, severity, now, ever in connection.execute(query)
            }

    @retried
    def action_counts(self) -> dict[tuple[str, str, str], int]:
        """Return how many actions there ever were, by use case, kind and status."""
        table = trigger_actions
        key = (table.c.use_case, table.c.kind, table.c.status)
        query = select(*key, func.count()).group_by(*key)
        with reading(self._engine) as connection:
            return {
                (use_case, kind, status): int(number)
                for use_case, kind, status, number in connection.execute(query)
            }


def add_deliveries(connection: Connection, new: Sequence[Delivery]) -> None:
    """Insert messages in the transaction of what they tell."""
    if new:
        connection.execute(insert(deliveries), [_plain(delivery) for delivery in new])


def _plain(value: Any) -> dict[str, Any]:
    """Return the columns of a value: some drivers write an enumeration by its name."""
    plain = {name: getattr(value, name) for name in (f.name for f in fields(value))}
    return {name: str(one) if isinstance(one, StrEnum) else one for name, one in plain.items()}


def _page(table: Any, use_case: str | None, limit: int, before: str | None) -> Any:
    query = select(table).order_by(table.c.id.desc()).limit(limit)
    if use_case is not None:
        query = query.where(table.c.use_case == use_case)
    return query if before is None else query.where(table.c.id < before)


def _values(row: Row[Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _evaluation(row: Row[Any]) -> Evaluation:
    return Evaluation(**_values(row, _EVALUATION))


def _alert(row: Row[Any]) -> Alert:
    return Alert(**_values(row, _ALERT) | {"state": AlertState(row.state)})


def _action(row: Row[Any]) -> TriggerAction:
    return TriggerAction(**_values(row, _ACTION) | {"status": ActionStatus(row.status)})
