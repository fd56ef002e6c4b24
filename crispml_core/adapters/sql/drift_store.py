"""Counts of scores, which follow the index of record keys as that follows the commits.

A group that has been indexed gets a mark in `uncounted_groups`. Here the marked groups are read and
counted without a lock; then one short transaction takes their marks away and adds the counts. A
mark that is gone when it is to be taken was taken by another process, and all that was counted is
dropped. So a group is in the counts once, whoever is killed, and a commit does nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    Select,
    and_,
    delete,
    insert,
    select,
    update,
)

from crispml_core.adapters.sql.databases.engine import reading, writing
from crispml_core.adapters.sql.databases.errors import ConstraintBroken, GaveWay, LockedOut
from crispml_core.adapters.sql.databases.portable import total
from crispml_core.adapters.sql.databases.retries import retried
from crispml_core.adapters.sql.schema.group_rows import SPAN, place
from crispml_core.adapters.sql.schema.tables import (
    drift_counts,
    score_groups,
    score_rows,
    uncounted_groups,
)
from crispml_core.adapters.sql.schema.values import either
from crispml_core.adapters.sql.scores.index import catch_up as index_all
from crispml_core.adapters.sql.scores.marks import Overtaken, until_none_waits
from crispml_core.domain.drift import OVERALL, CountsKey, DriftCounts, UncountedGroup
from crispml_core.domain.scores import Encoding
from crispml_core.domain.upkeep import Upkept
from crispml_core.ports.drift_store import DriftCounter

_STEP_ROWS = 20_000
_STEP_GROUPS = 500
# What a group takes, whatever its size, is what so many rows of it take.
_ROWS_PER_GROUP = 10
_LONGEST_SEGMENT = 255
_group_no = uncounted_groups.c.group_no


class SqlDriftStore:
    """Counts in a SQL database; see `crispml_core.ports.drift_store.DriftStore`.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    counter : DriftCounter
        Knows the references.
    """

    def __init__(self, engine: Engine, counter: DriftCounter) -> None:
        self._engine, self._counter = engine, counter

    @retried
    def advance(self, max_rows: int) -> Upkept:
        """Count the first groups that wait, of about `max_rows` scores."""
        with reading(self._engine) as connection:
            waiting, has_more = _first(connection, max_rows)
            group_nos = [row.group_no for row in waiting]
            groups = _read(connection, group_nos)
        if not waiting:
            return Upkept(0, has_more=False)
        counts = self._counter.count(groups)
        try:
            with writing(self._engine) as connection:
                _take(connection, group_nos)
                _add(connection, counts)
        except (Overtaken, ConstraintBroken, GaveWay, LockedOut):
            return Upkept(0, has_more=True)
        return Upkept(sum(row.row_count for row in waiting), has_more)

    def catch_up(self) -> None:
        """Count every group that is committed now."""
        index_all(self._engine)
        until_none_waits(self._engine, _group_no, lambda: self.advance(_STEP_ROWS).rows)

    @retried
    def find(
        self,
        use_case: str,
        version: str,
        *,
        start: datetime,
        end: datetime,
        segment: str = OVERALL,
    ) -> list[tuple[datetime, DriftCounts]]:
        """Return the counts by hour, for the hours that begin in [start, end), oldest first."""
        query = (
            select(drift_counts.c.window_start, drift_counts.c.row_count, drift_counts.c.cells)
            .where(
                drift_counts.c.use_case == use_case,
                drift_counts.c.version == version,
                drift_counts.c.window_start >= start,
                drift_counts.c.window_start < end,
                drift_counts.c.segment == segment,
            )
            .order_by(drift_counts.c.window_start)
        )
        with reading(self._engine) as connection:
            found = connection.execute(query).all()
        return [(row.window_start, DriftCounts(row.row_count, row.cells)) for row in found]

    @retried
    def rows(self, use_case: str, *, start: datetime, end: datetime) -> dict[str, int]:
        """Return how many scores were counted, by version, in the hours of [start, end)."""
        query = (
            select(drift_counts.c.version, total(drift_counts.c.row_count))
            .where(
                drift_counts.c.use_case == use_case,
                drift_counts.c.window_start >= start,
                drift_counts.c.window_start < end,
                drift_counts.c.segment == OVERALL,
            )
            .group_by(drift_counts.c.version)
        )
        with reading(self._engine) as connection:
            return {version: int(rows) for version, rows in connection.execute(query)}


def _first(connection: Connection, max_rows: int) -> tuple[list[Row[Any]], bool]:
    """Return the first groups of at most `max_rows` rows, but one at least; and if more wait."""
    most = max(1, min(_STEP_GROUPS, max_rows // _ROWS_PER_GROUP))
    query = (
        select(score_groups.c.group_no, score_groups.c.row_count)
        .join(uncounted_groups, _group_no == score_groups.c.group_no)
        .order_by(_group_no)
        .limit(most + 1)
    )
    taken: list[Row[Any]] = []
    rows = 0
    for row in connection.execute(query):
        rows += row.row_count
        if len(taken) == most or (taken and rows > max_rows):
            return taken, True
        taken.append(row)
    return taken, False


def _read(connection: Connection, group_nos: Sequence[int]) -> list[UncountedGroup]:
    if not group_nos:
        return []
    columns = score_groups.c
    # Of those that are taken alone, because inputs are large: a server sends all that it finds.
    groups = connection.execute(
        select(
            columns.group_no,
            columns.use_case,
            columns.version,
            columns.created_at,
            columns.encoding,
            columns.segments,
            columns.inputs,
        ).where(columns.group_no.in_(group_nos))
    ).all()
    by_group: dict[int, list[Row[Any]]] = {group_no: [] for group_no in group_nos}
    for row in connection.execute(_rows_between(group_nos[0], group_nos[-1])):
        mine = by_group.get(row[0] // SPAN)
        if mine is not None:
            mine.append(row)
    return [_group(group, by_group[group.group_no]) for group in groups]


def _rows_between(first: int, last: int) -> Select[Any]:
    """Select the rows of all groups between two; few of them do not wait."""
    columns = score_rows.c
    return (
        select(
            columns.place,
            columns.prediction,
            columns.prediction_number,
            columns.probability,
            columns.segments,
        )
        .where(columns.place.between(place(first, 0), place(last, SPAN) - 1))
        .order_by(columns.place)
    )


def _group(group: Row[Any], rows: Sequence[Row[Any]]) -> UncountedGroup:
    return UncountedGroup(
        use_case=group.use_case,
        version=group.version,
        created_at=group.created_at,
        encoding=Encoding(group.encoding),
        inputs=group.inputs,
        predictions=[either(row[1], row[2]) for row in rows],
        probabilities=[row[3] for row in rows],
        segments=[group.segments if row[4] is None else row[4] for row in rows],
    )


def _take(connection: Connection, group_nos: Sequence[int]) -> None:
    """Take the marks first: whoever comes second waits here, and finds them gone."""
    taken = connection.execute(delete(uncounted_groups).where(_group_no.in_(group_nos)))
    if taken.rowcount != len(group_nos):
        raise Overtaken


def _add(connection: Connection, counts: Mapping[CountsKey, DriftCounts]) -> None:
    # In one order, so that two processes cannot wait for each other.
    for key in sorted(counts, key=attrgetter("use_case", "version", "window_start", "segment")):
        if len(key.segment) <= _LONGEST_SEGMENT:
            _add_one(connection, key, counts[key])


def _add_one(connection: Connection, key: CountsKey, new: DriftCounts) -> None:
    mine = and_(
        drift_counts.c.use_case == key.use_case,
        drift_counts.c.version == key.version,
        drift_counts.c.window_start == key.window_start,
        drift_counts.c.segment == key.segment,
    )
    columns = drift_counts.c
    stored = connection.execute(select(columns.row_count, columns.cells).where(mine)).one_or_none()
    if stored is None:
        connection.execute(
            insert(drift_counts).values(
                use_case=key.use_case,
                version=key.version,
                window_start=key.window_start,
                segment=key.segment,
                row_count=new.rows,
                cells=new.values,
            )
        )
        return
    sum_of_both = DriftCounts(stored.row_count, stored.cells) + new
    done = connection.execute(
        update(drift_counts)
        .where(mine, columns.row_count == stored.row_count)
        .values(row_count=sum_of_both.rows, cells=sum_of_both.values)
    )
    if done.rowcount != 1:
        raise Overtaken
