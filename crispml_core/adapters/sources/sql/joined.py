"""Other tables beside the main one: looked up by their key, or aggregated per record.

An aggregate that goes by time is computed per record and not per key, so that two records of one
customer each see what was known at their own moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crispml_core.adapters.sources.sql.grouping import Rows, grouped
from crispml_core.adapters.sources.sql.relations import Clause, Relation
from crispml_core.adapters.sources.sql.scope import Known, Scope
from crispml_core.adapters.sources.sql.spelling import days_before
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.expressions import Expression, Kind
from crispml_core.domain.queries import Aggregate, SqlJoin


@dataclass(frozen=True)
class Main:
    """The main table, as an aggregate by time needs it."""

    relation: Relation
    key: str
    where: Expression | None


@dataclass(frozen=True)
class Joined:
    """A join: what it adds, and how it could break the promise to multiply no record.

    Parameters
    ----------
    rows : Subquery
        What is joined.
    on : dict
        Columns of the record and the equal ones of `rows`.
    columns : dict of str to Known
        What becomes columns of the record.
    repeated : Select, optional
        Gives a row if a key has several; None where that cannot be.
    """

    rows: sa.Subquery
    on: dict[str, str]
    columns: dict[str, Known]
    repeated: sa.Select[Any] | None = None


def build_join(join: SqlJoin, relation: Relation, main: Main, number: int, dialect: str) -> Joined:
    """Return a join as SQL; `number` counts from 1 and names it in errors."""
    setting = f"joins {number}"
    relation.check_columns(join.keys.values(), f"{setting}: on")
    other = relation.aliased(f"other_{number}")
    scope = Scope.of(dialect, relation, other)
    where = [] if join.filter is None else [scope.condition(join.filter, f"{setting}: where")]
    if not join.aggregates:
        return _looked_up(join, relation, scope, where, number)
    moment = scope.moment(join.moment, f"{setting}: moment") if join.moment else None
    aggregates = [(name, made) for name, made in join.outputs if isinstance(made, Aggregate)]
    if join.timeless:
        keys = {f"key_{place}": other.c[name] for place, name in enumerate(join.keys.values())}
        rows = Rows(other, where, keys, scope, moment)
        on = dict(zip(join.keys, keys, strict=True))
    else:
        assert moment is not None
        rows = _known_then(join, main, Rows(other, where, {}, scope, moment), setting, number)
        on = {main.key: "key_0"}
    statement, known = grouped(rows, aggregates, f"{setting}: columns")
    subquery = statement.subquery(f"join_{number}")
    columns = {name: _shown(subquery.c[name], made, known[name]) for name, made in aggregates}
    return Joined(subquery, on, columns)


def _shown(column: Clause, made: Aggregate, known: Known) -> Known:
    # Of nothing there are none, while a sum of nothing is not known.
    clause = sa.func.coalesce(column, sa.literal_column("0")) if known_count(made) else column
    return Known(clause, known.kind, known.is_moment, known.is_exact)


def known_count(made: Aggregate) -> bool:
    """Whether an aggregate of nothing is zero."""
    return made.function in ("count", "count_distinct")


def _looked_up(
    join: SqlJoin, relation: Relation, scope: Scope, where: list[Clause], number: int
) -> Joined:
    keys = {f"key_{place}": scope[name].clause for place, name in enumerate(join.keys.values())}
    values = {
        name: scope.value(made, f"joins {number}: columns: {name}")
        for name, made in join.outputs
        if isinstance(made, Expression)
    }
    labelled = [clause.label(name) for name, clause in keys.items()]
    labelled += [known.clause.label(name) for name, known in values.items()]
    subquery = sa.select(*labelled).where(*where).subquery(f"join_{number}")
    columns = {
        name: Known(subquery.c[name], known.kind, known.is_moment, known.is_exact)
        for name, known in values.items()
    }
    on = dict(zip(join.keys, keys, strict=True))
    if any(unique <= set(join.keys.values()) for unique in relation.unique):
        return Joined(subquery, on, columns)
    repeated: sa.Select[Any] = (
        sa.select(sa.literal_column("1").label("several"))
        .where(*where, *(clause.is_not(None) for clause in keys.values()))
        .group_by(*keys.values())
        .having(sa.func.count() > sa.literal_column("1"))
        .limit(1)
    )
    return Joined(subquery, on, columns, repeated)


def _known_then(join: SqlJoin, main: Main, rows: Rows, setting: str, number: int) -> Rows:
    """Return the rows that each record could know: before its moment, and not too long ago."""
    record = main.relation.aliased(f"record_{number}")
    scope = Scope.of(rows.scope.dialect, main.relation, record)
    main.relation.check_columns([main.key, join.as_of, *join.keys], f"{setting}: as_of and on")
    as_of = scope.moment(join.as_of, f"{setting}: as_of")
    assert rows.moment is not None
    together = [scope[mine].clause == rows.source.c[other] for mine, other in join.keys.items()]
    together.append(rows.moment < as_of)
    if join.days is not None:
        together.append(rows.moment >= days_before(scope.dialect, as_of, join.days))
    where = list(rows.where)
    if main.where is not None and all(name in scope for name in main.where.fields()):
        # Only to spare work: whoever is filtered out needs no aggregates.
        where.append(scope.condition(main.where, "where"))
    return Rows(
        source=record.join(rows.source, sa.and_(*together)),
        where=where,
        keys={"key_0": scope[main.key].clause},
        scope=rows.scope,
        moment=rows.moment,
    )


def check_kinds(mine: Known, other: Kind | None, name: str, setting: str) -> None:
    """Raise `InvalidInput` if two columns that shall be equal never are."""
    if mine.kind is not None and other is not None and mine.kind is not other:
        raise InvalidInput(f"{setting}: {name} is a {mine.kind} and its counterpart a {other}")
