"""Moves of aliases as rows, numbered per model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, func, insert, select

from crispml_core.adapters.sql.databases.engine import reading, writing
from crispml_core.adapters.sql.databases.errors import ConstraintBroken
from crispml_core.adapters.sql.databases.retries import retried
from crispml_core.adapters.sql.schema.tables import alias_events
from crispml_core.domain.errors import Conflict, NotFound, PreconditionFailed, PreconditionRequired
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.models import ANY_VERSION, AliasEvent

_FIELDS = tuple(f.name for f in fields(AliasEvent))
_ATTEMPTS = 10


class SqlAliasLog:
    """Where aliases point, in a SQL database; see `crispml_core.ports.alias_log.AliasLog`.

    Two moves of one model at once compute the same number; the primary key lets one of them in,
    and the other looks again at what it finds then. The number is computed before the alias is
    looked at, so a move that is committed meanwhile is seen there, or its number is taken.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    clock : callable
        Returns the current moment in UTC.
    environment : str
        Where aliases are moved; kept with every move.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Callable[[], datetime] = utc_now,
        environment: str = "",
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._environment = environment

    def move(
        self,
        model: str,
        alias: str,
        version: str,
        *,
        expected: str | None,
        moved_by: str = "",
        reason: str = "",
        digest: str = "",
        traffic: float = 0.0,
    ) -> AliasEvent:
        """Point the alias at `version`, if it points at `expected` now."""
        facts = {"moved_by": moved_by, "reason": reason, "digest": digest, "traffic": traffic}
        return self._append(model, alias, version, expected, facts)

    def remove(
        self, model: str, alias: str, *, expected: str | None, moved_by: str = "", reason: str = ""
    ) -> AliasEvent:
        """Let the alias point nowhere, if it points at `expected` now."""
        return self._append(model, alias, "", expected, {"moved_by": moved_by, "reason": reason})

    @retried
    def _append(
        self,
        model: str,
        alias: str,
        version: str,
        expected: str | None,
        facts: Mapping[str, Any],
    ) -> AliasEvent:
        for _ in range(_ATTEMPTS):
            try:
                with writing(self._engine) as connection:
                    last = _newest(connection, model)
                    now = _there(_newest(connection, model, alias))
                    if now is None and not version:
                        raise NotFound("alias")
                    _check(now, expected)
                    moment = self._clock()
                    event = AliasEvent(
                        model=model,
                        alias=alias,
                        version=version,
                        sequence=last.sequence + 1 if last else 1,
                        # Clocks of two processes differ; times must not contradict the sequence.
                        moved_at=max(moment, last.moved_at) if last else moment,
                        environment=self._environment,
                        **facts,
                    )
                    connection.execute(insert(alias_events).values(asdict(event)))
                return event
            except ConstraintBroken:
                continue
        raise Conflict("aliases of this model keep moving: try again")

    @retried
    def current(self, model: str, alias: str, at: datetime | None = None) -> AliasEvent | None:
        """Return the newest move, or the newest until the moment `at`; None once it is removed."""
        with reading(self._engine) as connection:
            return _there(_newest(connection, model, alias, at))

    def aliases(self, model: str) -> dict[str, AliasEvent]:
        """Return where every alias of the model points; those that were removed are left out."""
        found = self.newest(model)
        return {alias: event for alias, event in found.items() if not event.is_removal}

    @retried
    def newest(self, model: str) -> dict[str, AliasEvent]:
        """Return the newest event of every alias that the model ever had, removals included."""
        newest = (
            select(func.max(alias_events.c.sequence))
            .where(alias_events.c.model == model)
            .group_by(alias_events.c.alias)
        )
        query = (
            select(alias_events)
            .where(alias_events.c.model == model, alias_events.c.sequence.in_(newest))
            .order_by(alias_events.c.alias)
        )
        with reading(self._engine) as connection:
            return {row.alias: _event(row) for row in connection.execute(query)}

    @retried
    def highest(self) -> dict[str, int]:
        """Return the sequence of the newest move of every model."""
        query = select(alias_events.c.model, func.max(alias_events.c.sequence)).group_by(
            alias_events.c.model
        )
        with reading(self._engine) as connection:
            return dict(connection.execute(query).tuples().all())

    @retried
    def move_counts(self) -> dict[tuple[str, str], int]:
        """Return how often each alias of each model moved, removals included."""
        key = (alias_events.c.model, alias_events.c.alias)
        query = select(*key, func.count()).group_by(*key)
        with reading(self._engine) as connection:
            return {(model, alias): int(n) for model, alias, n in connection.execute(query)}

    @retried
    def moves_to(self, model: str, version: str) -> list[AliasEvent]:
        """Return every move of any alias to a version, oldest first."""
        query = (
            select(alias_events)
            .where(alias_events.c.model == model, alias_events.c.version == version)
            .order_by(alias_events.c.sequence)
        )
        with reading(self._engine) as connection:
            return [_event(row) for row in connection.execute(query)]

    @retried
    def history(self, model: str, alias: str) -> list[AliasEvent]:
        """Return every move, newest first."""
        with reading(self._engine) as connection:
            return [_event(row) for row in connection.execute(_moves(model, alias))]


def _moves(model: str, alias: str | None) -> Select[Any]:
    query = select(alias_events).where(alias_events.c.model == model)
    if alias is not None:
        query = query.where(alias_events.c.alias == alias)
    return query.order_by(alias_events.c.sequence.desc())


def _newest(
    connection: Connection, model: str, alias: str | None = None, at: datetime | None = None
) -> AliasEvent | None:
    query = _moves(model, alias).limit(1)
    if at is not None:
        query = query.where(alias_events.c.moved_at <= at)
    row = connection.execute(query).one_or_none()
    return None if row is None else _event(row)


def _there(event: AliasEvent | None) -> AliasEvent | None:
    return None if event is None or event.is_removal else event


def _check(now: AliasEvent | None, expected: str | None) -> None:
    if expected == ANY_VERSION:
        return
    if now is not None and expected is None:
        raise PreconditionRequired("the alias exists: say which version it points at now")
    if expected != (now.version if now else None):
        raise PreconditionFailed("the alias does not point at the expected version: look again")


def _event(row: Row[Any]) -> AliasEvent:
    return AliasEvent(**{name: getattr(row, name) for name in _FIELDS})
