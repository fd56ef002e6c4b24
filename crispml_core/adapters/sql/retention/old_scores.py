"""Groups of scores that are too old, with all that belongs to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, bindparam, delete, func, or_, select

from crispml_core.adapters.sql.databases.among import among
from crispml_core.adapters.sql.retention.old_rows import Found, of_rule
from crispml_core.adapters.sql.schema.group_rows import SPAN, place
from crispml_core.adapters.sql.schema.tables import (
    early_score_ids,
    score_groups,
    score_keys,
    score_rows,
    uncounted_groups,
    unindexed_groups,
)
from crispml_core.adapters.sql.scores.marks import Overtaken
from crispml_core.adapters.sql.scores.search import use_cases_with_scores
from crispml_core.domain.retention import RetentionRule, score_group_key

# A step deletes so many rows at most, or one group.
_ROWS, _GROUPS = 20_000, 500
_groups = score_groups.c


def count_scores(connection: Connection, rule: RetentionRule, cutoff: datetime) -> int:
    """Return how many groups are too old."""
    query = (
        select(func.count())
        .select_from(score_groups)
        .where(_groups.created_at < cutoff, *of_rule(rule, _groups.use_case))
    )
    return int(connection.execute(query).scalar_one())


def find_scores(connection: Connection, rule: RetentionRule, cutoff: datetime, limit: int) -> Found:
    """Return the oldest groups of one use case, at most `limit`.

    The counts of drift stay: they are of nobody. A group that was not counted yet never is.
    """
    groups = _first(connection, rule, cutoff, min(limit, _GROUPS))
    keys = [score_group_key(row.writer_id, row.sequence, row.root) for row in groups]
    return Found(keys, partial(_delete_groups, groups))


def _delete_groups(found: Sequence[Row[Any]], connection: Connection) -> None:
    numbers = [row.group_no for row in found]
    # The marks first, as those do who index and count: who comes second waits here.
    _delete(connection, unindexed_groups, unindexed_groups.c.group_no.in_(numbers))
    _delete(connection, uncounted_groups, uncounted_groups.c.group_no.in_(numbers))
    rows = connection.execute(
        select(score_rows.c.record_key, score_rows.c.early_id).where(_rows_of(numbers))
    ).all()
    for these in among(connection.dialect, score_keys.c.record_key, [row[0] for row in rows]):
        mine = score_keys.c.group_no.in_(numbers)
        use_case = score_keys.c.use_case == found[0].use_case
        _delete(connection, score_keys, use_case, these, mine)
    early = [row[1] for row in rows if row[1] is not None]
    for these in among(connection.dialect, early_score_ids.c.score_id, early):
        _delete(connection, early_score_ids, these)
    connection.execute(
        delete(score_rows).where(score_rows.c.place.between(bindparam("first"), bindparam("last"))),
        [{"first": place(number, 0), "last": place(number, SPAN) - 1} for number in numbers],
    )
    if _delete(connection, score_groups, _groups.group_no.in_(numbers)) != len(numbers):
        raise Overtaken


def _first(
    connection: Connection, rule: RetentionRule, cutoff: datetime, limit: int
) -> list[Row[Any]]:
    """Return the oldest groups of the first use case that has any, of a bounded number of rows."""
    for use_case in _use_cases(connection, rule):
        query = (
            select(
                _groups.group_no,
                _groups.use_case,
                _groups.writer_id,
                _groups.sequence,
                _groups.root,
                _groups.row_count,
            )
            .where(_groups.use_case == use_case, _groups.created_at < cutoff)
            .order_by(_groups.created_at, _groups.group_no)
            .limit(limit)
        )
        taken: list[Row[Any]] = []
        rows = 0
        for row in connection.execute(query).all():
            rows += row.row_count
            if taken and rows > _ROWS:
                break
            taken.append(row)
        if taken:
            return taken
    return []


def _use_cases(connection: Connection, rule: RetentionRule) -> Iterable[str]:
    if rule.use_case is not None:
        return [rule.use_case]
    return [name for name in use_cases_with_scores(connection) if name not in rule.but]


def _rows_of(numbers: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition for the rows of groups; those that lie side by side are one range."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return or_(
        *(
            score_rows.c.place.between(place(first, 0), place(last, SPAN) - 1)
            for first, last in ranges
        )
    )


def _delete(connection: Connection, table: Table, *which: ColumnElement[bool]) -> int:
    return connection.execute(delete(table).where(*which)).rowcount
