"""What a declared SQL source means, told once more in plain Python: one row after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from crispml_core.domain.expressions import Expression, compile_scalar
from crispml_core.domain.queries import Aggregate, Output, SqlJoin
from crispml_core.domain.sources import Selection, SqlSource
from crispml_core.tables.split import is_sampled

Row = dict[str, Any]
Tables = Mapping[str, list[Row]]


def records(
    source: SqlSource, tables: Tables, wanted: Iterable[str], key: str, selection: Selection
) -> list[Row]:
    """Return the records of a source, in the order of their keys."""
    outputs = {name: dict(source.outputs).get(name) for name in wanted}
    rows = [dict(row) for row in tables[source.table]]
    for join in source.joins:
        rows = list(joined(rows, join, tables[join.table]))
    if source.where is not None:
        rows = [row for row in rows if compile_scalar(source.where)(plain(row)) is True]
    if source.group_by:
        groups: dict[Any, list[Row]] = {}
        for row in rows:
            groups.setdefault(row[source.group_by], []).append(row)
        found = [
            {
                name: group if name == key else aggregate(made, members, source.moment)
                for name, made in outputs.items()
            }
            for group, members in groups.items()
        ]
    else:
        found = [
            {
                name: row[name] if made is None else value(made, row)
                for name, made in outputs.items()
            }
            for row in rows
        ]
    if selection.where is not None:
        found = [row for row in found if compile_scalar(selection.where)(plain(row)) is True]
    found = [row for row in found if chosen(str(row[key]), selection)]
    return sorted(found, key=lambda row: str(row[key]).encode())[: selection.limit]


def joined(rows: list[Row], join: SqlJoin, others: list[Row]) -> Iterable[Row]:
    """Yield the records with the columns of a join."""
    if join.where is not None:
        others = [row for row in others if compile_scalar(join.where)(plain(row)) is True]
    for row in rows:
        matches = [
            other
            for other in others
            if all(row[a] is not None and row[a] == other[b] for a, b in join.keys.items())
        ]
        if join.as_of:
            matches = [other for other in matches if was_known(row, other, join)]
        if not matches and join.kind == "inner":
            continue
        made: Row = {}
        for name, output in join.outputs:
            if isinstance(output, Aggregate):
                made[name] = aggregate(output, matches, join.moment)
            else:
                assert len(matches) < 2
                made[name] = value(output, matches[0]) if matches else None
        yield row | made


def was_known(row: Row, other: Row, join: SqlJoin) -> bool:
    """Whether a row happened before the record, and not too long ago."""
    now, then = row[join.as_of], other[join.moment]
    if now is None or then is None or not then < now:
        return False
    return join.days is None or then >= now - timedelta(days=join.days)


def aggregate(made: Any, rows: list[Row], moment: str) -> Any:
    """Return one value of many rows."""
    assert isinstance(made, Aggregate)
    if made.argument is None:
        return len(rows)
    pairs = [(row.get(moment), value(made.argument, row)) for row in rows]
    pairs = [pair for pair in pairs if pair[1] is not None]
    values = [found for _, found in pairs]
    if made.function in ("count", "count_distinct"):
        return len(values) if made.function == "count" else len(set(values))
    if made.by_moment:
        pairs = [pair for pair in pairs if pair[0] is not None]
        when = [at for at, _ in pairs]
        if not when:
            return None
        extreme: Callable[..., Any] = min if made.function == "first" else max
        at_that_time = [found for at, found in pairs if at == extreme(when)]
        return extreme(at_that_time, key=ordered)
    if not values:
        return None
    match made.function:
        case "sum":
            return sum(values)
        case "mean":
            return sum(values) / len(values)
        case "min":
            return min(values, key=ordered)
    return max(values, key=ordered)


def value(made: Output, row: Row) -> Any:
    """Return what an expression gives of a row."""
    assert isinstance(made, Expression)
    return compile_scalar(made)(plain(row))


def plain(row: Row) -> Row:
    """Return a row as expressions see it."""
    return {name: value for name, value in row.items() if not isinstance(value, datetime)}


def ordered(found: Any) -> Any:
    """Return what a value is ordered by: a text by its bytes."""
    return found.encode() if isinstance(found, str) else found


def chosen(key: str, selection: Selection) -> bool:
    """Whether a record is in the sample."""
    import pyarrow as pa

    return bool(is_sampled(pa.array([key]), selection.seed, selection.sample)[0])
