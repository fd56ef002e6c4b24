"""Serving events as rows."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Engine, Row, String, select

from crispml_core.adapters.sql.databases.engine import reading
from crispml_core.adapters.sql.databases.retries import retried
from crispml_core.adapters.sql.schema.tables import serving_events
from crispml_core.adapters.sql.schema.types import SizedText
from crispml_core.domain.events import EventKind, ServingEvent

_FIELDS = tuple(field.name for field in fields(ServingEvent))


class SqlEventLog:
    """Serving events in a SQL database; see `crispml_core.ports.event_log.EventLog`.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @retried
    def find(
        self,
        *,
        use_case: str | None = None,
        kind: EventKind | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[ServingEvent]:
        """Return events, newest first, older than the event `before`."""
        query = select(serving_events).order_by(serving_events.c.event_id.desc()).limit(limit)
        if use_case is not None:
            query = query.where(serving_events.c.use_case == use_case)
        if kind is not None:
            query = query.where(serving_events.c.kind == kind.value)
        if before is not None:
            query = query.where(serving_events.c.event_id < before)
        with reading(self._engine) as connection:
            return [_event(row) for row in connection.execute(query)]


def event_row(event: ServingEvent) -> dict[str, Any]:
    """Return the row of an event, by column."""
    return {name: _fitting(name, value) for name, value in asdict(event).items()}


def _fitting(name: str, value: Any) -> Any:
    """Cut a text to its column: an event must not keep the scores beside it from being stored."""
    kind = serving_events.c[name].type
    if not (isinstance(kind, String) and isinstance(value, str)):
        return value
    # A character has up to four bytes.
    return value[: kind.most_bytes // 4 if isinstance(kind, SizedText) else kind.length]


def _event(row: Row[Any]) -> ServingEvent:
    values = {name: getattr(row, name) for name in _FIELDS}
    return ServingEvent(**values | {"kind": EventKind(row.kind)})
