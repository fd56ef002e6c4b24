"""Walking over the groups of a window in bounded memory, and the pairs of shadow groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, or_, select

from crispml_core.adapters.sql.databases.engine import reading
from crispml_core.adapters.sql.databases.retries import retried
from crispml_core.adapters.sql.schema.group_rows import IN_GROUP, SPAN
from crispml_core.adapters.sql.schema.tables import score_groups, score_rows
from crispml_core.adapters.sql.scores.columns import ROWS_OF_GROUP, to_group
from crispml_core.domain.models import SHADOW
from crispml_core.domain.scores import ScoreGroup

if TYPE_CHECKING:
    import pyarrow as pa

# So many groups are looked for at once; those of so many rows are read at once, or one alone.
_PAGE, _ROWS = 1000, 20_000
_c = score_groups.c
_PLACED = ROWS_OF_GROUP.add_columns(score_rows.c.place)


def groups_of_window(
    engine: Engine,
    use_case: str,
    *,
    start: datetime | None,
    end: datetime | None,
    version: str | None,
) -> Iterator[ScoreGroup]:
    """Yield what `crispml_core.ports.score_ledger.ScoreLedger.groups_between` describes.

    Each page is a transaction of its own, so that nobody is kept from anything for long.
    """
    window = [_c.use_case == use_case, or_(_c.alias.is_(None), _c.alias != SHADOW)]
    if start is not None:
        window.append(_c.created_at >= start)
    if end is not None:
        window.append(_c.created_at < end)
    if version is not None:
        window.append(_c.version == version)
    last: Row[Any] | None = None
    while True:
        page = _page(engine, window, last)
        if not page:
            return
        for numbers in _bundles(page):
            yield from _read(engine, numbers)
        last = page[-1]


@retried
def _page(
    engine: Engine, window: Sequence[ColumnElement[bool]], last: Row[Any] | None
) -> Sequence[Row[Any]]:
    query = (
        select(_c.group_no, _c.created_at, _c.row_count)
        .where(*window)
        .order_by(_c.created_at, _c.group_no)
        .limit(_PAGE)
    )
    if last is not None:
        same = and_(_c.created_at == last.created_at, _c.group_no > last.group_no)
        query = query.where(_c.created_at >= last.created_at)
        query = query.where(or_(_c.created_at > last.created_at, same))
    with reading(engine) as connection:
        return connection.execute(query).all()


def _bundles(page: Sequence[Row[Any]]) -> Iterator[list[int]]:
    numbers: list[int] = []
    rows = 0
    for found in page:
        if numbers and rows + found.row_count > _ROWS:
            yield numbers
            numbers, rows = [], 0
        numbers.append(found.group_no)
        rows += found.row_count
    yield numbers


@retried
def _read(engine: Engine, numbers: Sequence[int]) -> list[ScoreGroup]:
    """Return groups by number, in the order of the numbers."""
    query = select(score_groups).where(_c.group_no.in_(numbers))
    placed = _PLACED.join_from(score_groups, score_rows, IN_GROUP).where(_c.group_no.in_(numbers))
    with reading(engine) as connection:
        groups = {row.group_no: row for row in connection.execute(query)}
        rows: dict[int, list[Any]] = {
            number: [tuple(row)[:-1] for row in found]
            for number, found in groupby(connection.execute(placed), lambda row: row.place // SPAN)
        }
    return [to_group(groups[number], rows.get(number, [])) for number in numbers]


def shadow_pairs(connection: Connection, use_case: str, version: str) -> pa.Table:
    """Return what `crispml_core.ports.score_ledger.ScoreLedger.shadow_pairs` describes."""
    import pyarrow as pa

    from crispml_core.adapters.sql.databases.raw_batches import read_table

    query = select(_c.group_id, _c.shadow_of).where(
        _c.use_case == use_case,
        _c.alias == SHADOW,
        _c.version == version,
        _c.shadow_of.is_not(None),
    )
    schema = pa.schema([("group_id", pa.string()), ("shadow_of", pa.string())])
    return read_table(connection, query, schema)
