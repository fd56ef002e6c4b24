"""The index of scores by record key, which is filled after the commit.

Record keys come in no order, so an index that is kept within the commit changes a page for nearly
each row. Here the keys of many groups are inserted at once and sorted, as upkeep or because a
reader needs them. `unindexed_groups` says which groups wait, and from which row on: a group gets
its row there in its own transaction, so none can be forgotten. A group that has been indexed is
passed on to those that count it, in the same transaction; see `drift_store`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Engine,
    Row,
    Update,
    and_,
    delete,
    insert,
    or_,
    select,
    update,
)

from crispml_core.adapters.sql.databases.engine import writing
from crispml_core.adapters.sql.databases.errors import GaveWay, LockedOut
from crispml_core.adapters.sql.databases.retries import retried
from crispml_core.adapters.sql.schema.group_rows import (
    GROUP_OF_ROW,
    ROW_NUMBER,
    SPAN,
    place,
    rows_between,
)
from crispml_core.adapters.sql.schema.tables import (
    score_groups,
    score_keys,
    score_rows,
    uncounted_groups,
    unindexed_groups,
)
from crispml_core.adapters.sql.scores.marks import Overtaken, until_none_waits
from crispml_core.domain.models import SHADOW
from crispml_core.domain.upkeep import Upkept

_STEP_ROWS = 20_000
_STEP_GROUPS = 500
_group_no, _next_row = unindexed_groups.c.group_no, unindexed_groups.c.next_row


@retried
def index_keys(engine: Engine, max_rows: int) -> Upkept:
    """Index at most `max_rows` waiting keys in one transaction."""
    try:
        with writing(engine) as connection:
            return _index(connection, max_rows)
    except (Overtaken, GaveWay, LockedOut):
        return Upkept(0, has_more=True)


def catch_up(engine: Engine) -> None:
    """Index the keys of every group that is committed now.

    Raises
    ------
    StoreUnavailable
        If another process holds some of them for too long.
    """
    until_none_waits(engine, _group_no, lambda: index_keys(engine, _STEP_ROWS).rows)


def _index(connection: Connection, max_rows: int) -> Upkept:
    waiting = connection.execute(
        select(_group_no, _next_row, score_groups.c.row_count)
        .join(score_groups, score_groups.c.group_no == _group_no)
        .order_by(_group_no)
        .limit(_STEP_GROUPS)
    ).all()
    if not waiting:
        return Upkept(0, has_more=False)
    first = waiting[0]
    if first.next_row or first.row_count > max_rows:
        return _index_part(connection, first, max_rows, is_last=len(waiting) == 1)
    return _index_whole(connection, waiting, max_rows)


def _index_part(
    connection: Connection, waiting: Row[Any], max_rows: int, *, is_last: bool
) -> Upkept:
    """Index some rows of a large group."""
    group_no, start, end = waiting.group_no, waiting.next_row, waiting.next_row + max_rows
    mine = and_(_group_no == group_no, _next_row == start)
    if end < waiting.row_count:
        _claim(connection, update(unindexed_groups).where(mine).values(next_row=end), 1)
    else:
        _claim(connection, delete(unindexed_groups).where(mine), 1)
        _pass_on(connection, [group_no])
    which = and_(score_groups.c.group_no == group_no, rows_between(group_no, start, end))
    _insert_keys(connection, which)
    end_of_part = min(end, waiting.row_count)
    return Upkept(end_of_part - start, has_more=not is_last or end_of_part < waiting.row_count)


def _index_whole(connection: Connection, waiting: Sequence[Row[Any]], max_rows: int) -> Upkept:
    """Index the first groups that have at most `max_rows` rows together."""
    total = 0
    taken = []
    for row in waiting:
        if total + row.row_count > max_rows or row.next_row:
            break
        total += row.row_count
        taken.append(row.group_no)
    _claim(connection, delete(unindexed_groups).where(_among(_group_no, taken)), len(taken))
    _pass_on(connection, taken)
    # Groups that wait lie side by side: the rows from the first to the last are those of all.
    between = score_rows.c.place.between(place(taken[0], 0), place(taken[-1], SPAN) - 1)
    _insert_keys(connection, and_(between, _among(score_groups.c.group_no, taken)))
    return Upkept(total, has_more=len(taken) < len(waiting) or len(waiting) == _STEP_GROUPS)


def _among(column: ColumnElement[int], numbers: Sequence[int]) -> ColumnElement[bool]:
    """Return whether a column has one of some ascending numbers: a range, as nearly always."""
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        return column.between(numbers[0], numbers[-1])
    return column.in_(numbers)


def _claim(connection: Connection, statement: Delete | Update, marks: int) -> None:
    """Change the marks of groups first: whoever comes second waits here, and finds them changed."""
    if connection.execute(statement).rowcount != marks:
        raise Overtaken


def _pass_on(connection: Connection, group_nos: Sequence[int]) -> None:
    """Note that groups wait to be counted; scores that nobody was answered do not count."""
    alias = score_groups.c.alias
    groups = select(score_groups.c.group_no).where(
        _among(score_groups.c.group_no, group_nos), or_(alias.is_(None), alias != SHADOW)
    )
    connection.execute(insert(uncounted_groups).from_select(["group_no"], groups))


def _insert_keys(connection: Connection, which: ColumnElement[bool]) -> None:
    columns = (
        score_groups.c.use_case,
        score_rows.c.record_key,
        score_groups.c.group_no,
        ROW_NUMBER.label("row_number"),
    )
    keys = (
        select(*columns)
        .join_from(score_rows, score_groups, GROUP_OF_ROW)
        .where(which)
        .order_by(*columns)
    )
    connection.execute(insert(score_keys).from_select(list(score_keys.columns), keys))
