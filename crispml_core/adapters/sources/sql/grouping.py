"""Many rows become one: GROUP BY, and the first and the last value by moment.

The last value is the greatest among those of the last moment, so that it is the same each time. It
is found by two plain groupings, because not every database numbers rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crispml_core.adapters.sources.sql.relations import Clause
from crispml_core.adapters.sources.sql.scope import Known, Scope
from crispml_core.domain.queries import Aggregate


@dataclass(frozen=True)
class Rows:
    """What is grouped.

    Parameters
    ----------
    source : FromClause
        A table, or tables that are joined.
    where : sequence of ColumnElement
        Rows that count.
    keys : mapping of str to ColumnElement
        Plain columns that are grouped by; they are never missing, or nobody asks for those rows.
    scope : Scope
        What aggregates read.
    moment : ColumnElement, optional
        The moment of a row.
    """

    source: sa.FromClause
    where: Sequence[Clause]
    keys: Mapping[str, Clause]
    scope: Scope
    moment: Clause | None = None


def grouped(
    rows: Rows, outputs: Sequence[tuple[str, Aggregate]], setting: str
) -> tuple[sa.Select[Any], dict[str, Known]]:
    """Return a SELECT of the keys and the outputs, and what is known about the outputs."""
    plain = [(name, made) for name, made in outputs if not made.by_moment]
    known = {name: rows.scope.aggregate(made, f"{setting}: {name}") for name, made in plain}
    together = _select(rows, {name: column.clause for name, column in known.items()})
    if len(plain) == len(outputs):
        return together, known
    all_groups = together.subquery("all_groups")
    source: sa.FromClause = all_groups
    columns = {name: all_groups.c[name] for name, _ in plain}
    for number, (name, made) in enumerate(outputs):
        if not made.by_moment:
            continue
        known[name] = rows.scope.by_moment(made, f"{setting}: {name}")
        picked = _picked(rows, known[name].clause, made.function, f"picked_{number}")
        source = source.outerjoin(picked, _equal(rows.keys, all_groups, picked))
        columns[name] = picked.c.picked
    labelled = [columns[name].label(name) for name, _ in outputs]
    keys = [all_groups.c[key] for key in rows.keys]
    return sa.select(*keys, *labelled).select_from(source), known


def _select(rows: Rows, columns: Mapping[str, Clause]) -> sa.Select[Any]:
    keys = [key.label(name) for name, key in rows.keys.items()]
    values = [value.label(name) for name, value in columns.items()]
    return (
        sa.select(*keys, *values)
        .select_from(rows.source)
        .where(*rows.where)
        .group_by(*rows.keys.values())
    )


def _picked(rows: Rows, value: Clause, function: str, name: str) -> sa.Subquery:
    assert rows.moment is not None
    there = [value.is_not(None), rows.moment.is_not(None)]
    known = Rows(rows.source, [*rows.where, *there], rows.keys, rows.scope)
    # The smallest value of the first moment, the greatest of the last.
    extreme = sa.func.min if function == "first" else sa.func.max
    when = _select(known, {"picked_at": extreme(rows.moment)}).subquery(f"{name}_at")
    same = [when.c[key] == column for key, column in rows.keys.items()]
    at_that_time = rows.source.join(when, sa.and_(*same, rows.moment == when.c.picked_at))
    chosen = Rows(at_that_time, known.where, rows.keys, rows.scope)
    return _select(chosen, {"picked": extreme(value)}).subquery(name)


def _equal(keys: Mapping[str, Clause], left: sa.FromClause, right: sa.FromClause) -> Clause:
    return sa.and_(*(left.c[key] == right.c[key] for key in keys))
