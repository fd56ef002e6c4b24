"""Appending score groups and events on psycopg, with as few round trips as possible.

A small group is one statement: group, scores and mark together. Alone it needs no BEGIN and no
COMMIT either, and several go down a pipeline. The scores of a large group are copied, which psycopg
allows in no pipeline. Measured on one core: 64 scores take a twelfth of SQLAlchemy's CPU time, and
from two thousand on COPY in the binary format is the faster way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Double, Engine

from crispml_core.adapters.sql.databases.copying import copy_rows, errors_of_psycopg
from crispml_core.adapters.sql.databases.errors import Phase, translated
from crispml_core.adapters.sql.event_log import event_row
from crispml_core.adapters.sql.schema.group_rows import SPAN, place
from crispml_core.adapters.sql.schema.tables import score_rows, serving_events
from crispml_core.adapters.sql.scores.columns import GROUP_COLUMNS, group_values, row_columns
from crispml_core.adapters.sql.scores.postgresql_arrays import numbers, texts
from crispml_core.adapters.sql.scores.raw_values import binders, bound
from crispml_core.domain.errors import WouldWait
from crispml_core.domain.events import ServingEvent
from crispml_core.domain.scores import ScoreGroup

_COPIED_ROWS = 2_000
_EVENT_COLUMNS = tuple(serving_events.columns)
_NUMBERS = frozenset(c.name for c in score_rows.columns if isinstance(c.type, Double))


class PostgresqlAppender:
    """Appends to a PostgreSQL database.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`; its pool lends the connections.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._bind_group = binders(engine.dialect, GROUP_COLUMNS)
        self._bind_event = binders(engine.dialect, _EVENT_COLUMNS)

    def append(
        self, groups: Sequence[ScoreGroup], events: Sequence[ServingEvent], *, wait: bool
    ) -> None:
        """Commit groups and events in one transaction; raises what `writing` raises.

        Raises
        ------
        WouldWait
            If `wait` is not set: a server is always waited for.
        """
        if not wait:
            raise WouldWait
        with self._lent() as connection:
            if len(groups) == 1 and not events and groups[0].rows < _COPIED_ROWS:
                self._insert(connection, groups[0])
            elif any(group.rows >= _COPIED_ROWS for group in groups):
                with connection.transaction():
                    self._append(connection, groups, events)
            else:
                with connection.pipeline(), connection.transaction():
                    self._append(connection, groups, events)

    def _append(
        self,
        connection: psycopg.Connection[Any],
        groups: Sequence[ScoreGroup],
        events: Sequence[ServingEvent],
    ) -> None:
        for group in groups:
            if group.rows < _COPIED_ROWS:
                self._insert(connection, group)
            else:
                self._copy(connection, group)
        # A journal may bring an event a second time, so each is asked for by itself.
        for event in events:
            row = event_row(event)
            values = [row[column.name] for column in _EVENT_COLUMNS]
            _execute(connection, _INSERT_EVENT, bound(values, self._bind_event))

    def _insert(self, connection: psycopg.Connection[Any], group: ScoreGroup) -> None:
        values, rows = self._group_values(group), row_columns(group) if group.rows else {}
        _check_lengths(rows, group.rows)
        arrays = [(numbers if name in _NUMBERS else texts)(rows[name]) for name in rows]
        statement = _insert_group_and_rows(tuple(rows), group.shadow_of is None)
        _execute(connection, statement, (*values, *arrays))

    def _copy(self, connection: psycopg.Connection[Any], group: ScoreGroup) -> None:
        rows = row_columns(group)
        _check_lengths(rows, group.rows)
        found = _execute(connection, _INSERT_GROUP, self._group_values(group)).fetchone()
        assert found is not None
        group_no = found[0]
        places = range(place(group_no, 0), place(group_no, group.rows))
        copied = zip(places, *rows.values(), strict=True)
        copy_rows(connection, score_rows, ("place", *rows), copied)
        if group.shadow_of is None:  # who looks for a record finds what was answered
            _execute(connection, _INSERT_MARK, (group_no,))

    def _group_values(self, group: ScoreGroup) -> list[Any]:
        values = bound(group_values(group), self._bind_group)
        # As text, whose type does not depend on their size: a prepared statement has one type.
        return [str(value) if isinstance(value, int) else value for value in values]

    @contextmanager
    def _lent(self) -> Iterator[psycopg.Connection[Any]]:
        """Lend a connection on which each statement is committed, unless it is in a transaction."""
        # A statement may be a whole transaction: when its answer is lost, nobody knows the end.
        phase = Phase(connects=True, commits=True)
        with translated(self._engine.url, phase), errors_of_psycopg():
            lent = self._engine.raw_connection()
            phase.connects = False
            connection: Any = lent.driver_connection
            try:
                connection.autocommit = True
                yield connection
            finally:
                if connection.info.transaction_status == TransactionStatus.IDLE:
                    connection.autocommit = False
                else:  # lost, or left in the middle of something
                    lent.invalidate()
                lent.close()


def _check_lengths(columns: Mapping[str, Sequence[Any]], rows: int) -> None:
    """Raise `ValueError` when a column has another length: the database would fill it up."""
    for name, values in columns.items():
        if len(values) != rows:
            raise ValueError(f"{name} is a sequence of size {len(values)}, the group has {rows}")


def _execute(
    connection: psycopg.Connection[Any], statement: str, values: Sequence[Any]
) -> psycopg.Cursor[Any]:
    return connection.execute(statement.encode(), values, prepare=True)


@lru_cache(maxsize=64)
def _insert_group_and_rows(names: tuple[str, ...], marked: bool) -> str:
    """Return a statement that inserts a group, its scores from one array per column, and a mark."""
    if not names:
        return _INSERT_GROUP
    arrays = ", ".join(f"%s::{'float8' if name in _NUMBERS else 'text'}[]" for name in names)
    columns = ", ".join(names)
    rows = (
        f"INSERT INTO score_rows (place, {columns}) "  # noqa: S608
        f"SELECT stored.group_no * {SPAN} + given.number - 1, {columns} "
        f"FROM stored, unnest({arrays}) WITH ORDINALITY AS given ({columns}, number) "
        "ORDER BY given.number"
    )
    if not marked:
        return f"WITH stored AS ({_INSERT_GROUP}) {rows}"
    mark = "INSERT INTO unindexed_groups (group_no, next_row) SELECT group_no, 0 FROM stored"
    return f"WITH stored AS ({_INSERT_GROUP}), put AS ({rows}) {mark}"


def _insert(table: str, names: Sequence[str]) -> str:
    marks = ", ".join(["%s"] * len(names))
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608


_INSERT_GROUP = (
    _insert("score_groups", [column.name for column in GROUP_COLUMNS]) + " RETURNING group_no"
)
_INSERT_MARK = "INSERT INTO unindexed_groups (group_no, next_row) VALUES (%s, 0)"
_INSERT_EVENT = (
    _insert("serving_events", [column.name for column in _EVENT_COLUMNS])
    + " ON CONFLICT (event_id) DO NOTHING"
)
