"""Messages for the webhook as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, func, select, update

from crispml_core.adapters.sql.databases.engine import reading, writing
from crispml_core.adapters.sql.databases.retries import retried, retried_by_key
from crispml_core.adapters.sql.monitor_store import add_deliveries
from crispml_core.adapters.sql.schema.tables import deliveries
from crispml_core.domain.alerts import Delivery, DeliveryStatus

_FIELDS = tuple(f.name for f in fields(Delivery))
_PENDING = deliveries.c.status == DeliveryStatus.PENDING.value


class SqlOutbox:
    """Messages in a SQL database; see `crispml_core.ports.outbox.Outbox`.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @retried
    def add(self, deliveries: Sequence[Delivery]) -> None:
        """Store messages that belong to no other transaction."""
        with writing(self._engine) as connection:
            add_deliveries(connection, deliveries)

    @retried
    def due(self, now: datetime, limit: int = 50) -> list[Delivery]:
        """Return pending messages whose next attempt is due, oldest first."""
        query = (
            select(deliveries)
            .where(_PENDING, deliveries.c.next_attempt_at <= now)
            .order_by(deliveries.c.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [_delivery(row) for row in connection.execute(query)]

    @retried
    def claim(self, delivery: Delivery, next_attempt_at: datetime) -> Delivery | None:
        """Count one attempt and put off the next one; None when somebody else did it before."""
        change = (
            update(deliveries)
            .where(
                deliveries.c.id == delivery.id,
                _PENDING,
                deliveries.c.attempts == delivery.attempts,
            )
            .values(attempts=delivery.attempts + 1, next_attempt_at=next_attempt_at)
        )
        with writing(self._engine) as connection:
            taken = connection.execute(change).rowcount == 1
        if not taken:
            return None
        return replace(delivery, attempts=delivery.attempts + 1, next_attempt_at=next_attempt_at)

    @retried_by_key  # it says the same twice
    def settle(
        self, delivery: Delivery, status: DeliveryStatus, outcome: str, at: datetime
    ) -> None:
        """Note what an attempt came to; a message that was delivered stays so."""
        values: dict[str, Any] = {"status": status.value, "outcome": outcome}
        if status is DeliveryStatus.DELIVERED:
            values["delivered_at"] = at
        change = update(deliveries).where(
            deliveries.c.id == delivery.id,
            deliveries.c.status != DeliveryStatus.DELIVERED.value,
        )
        with writing(self._engine) as connection:
            connection.execute(change.values(values))

    @retried
    def find(
        self,
        *,
        status: DeliveryStatus | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[Delivery]:
        """Return messages, newest first, older than the message `before`."""
        query = select(deliveries).order_by(deliveries.c.id.desc()).limit(limit)
        if status is not None:
            query = query.where(deliveries.c.status == status.value)
        if before is not None:
            query = query.where(deliveries.c.id < before)
        with reading(self._engine) as connection:
            return [_delivery(row) for row in connection.execute(query)]

    @retried
    def counts(self) -> dict[str, int]:
        """Return how many messages there are, by status."""
        query = select(deliveries.c.status, func.count()).group_by(deliveries.c.status)
        with reading(self._engine) as connection:
            return {status: int(number) for status, number in connection.execute(query)}


def _delivery(row: Row[Any]) -> Delivery:
    values = {name: getattr(row, name) for name in _FIELDS}
    return Delivery(**values | {"status": DeliveryStatus(row.status)})
