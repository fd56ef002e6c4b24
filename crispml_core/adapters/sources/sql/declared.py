"""A declared table as one SELECT: joins, filter, derived columns and grouping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crispml_core.adapters.sources.sql.grouping import Rows, grouped
from crispml_core.adapters.sources.sql.joined import Joined, Main, build_join, check_kinds
from crispml_core.adapters.sources.sql.relations import Clause, Relation, look_up
from crispml_core.adapters.sources.sql.scope import Scope
from crispml_core.adapters.sources.sql.spelling import kind
from crispml_core.domain.errors import InvalidInput, did_you_mean
from crispml_core.domain.expressions import Expression, FieldRef
from crispml_core.domain.queries import Aggregate
from crispml_core.domain.sources import SqlSource


@dataclass(frozen=True)
class Declared:
    """The records of a source.

    Parameters
    ----------
    select : Select
        One column per field of the record, under its name.
    repeated : list of (str, Select)
        What must give no row, and what to say if it does.
    """

    select: sa.Select[Any]
    repeated: list[tuple[str, sa.Select[Any]]]


def build_declared(
    connection: sa.Connection, declared: SqlSource, wanted: Sequence[str], record_key: str
) -> Declared:
    """Look the declaration up in the database, and return it as SQL.

    Parameters
    ----------
    wanted : sequence of str
        The fields of the record and the target.
    record_key : str
        One of them.

    Raises
    ------
    InvalidInput
        If a table or a column does not exist, or cannot be used as declared; the text names the
        setting of the source.
    """
    builder = _Builder(kind(connection.dialect), declared, record_key)
    main = look_up(connection, declared.table, "table")
    others = [
        look_up(connection, join.table, f"joins {number}: table")
        for number, join in enumerate(declared.joins, start=1)
    ]
    return builder.build(main, others, wanted)


class _Builder:
    def __init__(self, dialect: str, declared: SqlSource, record_key: str) -> None:
        self._dialect, self._declared, self._key = dialect, declared, record_key
        self._outputs = dict(declared.outputs)

    def build(self, main: Relation, others: Sequence[Relation], wanted: Sequence[str]) -> Declared:
        for name in self._outputs:
            if name not in wanted:
                raise InvalidInput(
                    f"columns: {name} is not a field of the record{did_you_mean(name, wanted)}"
                )
        source: sa.FromClause = main.aliased("source")
        scope = Scope.of(self._dialect, main, source)
        repeated: list[tuple[str, sa.Select[Any]]] = []
        for number, (join, other) in enumerate(zip(self._declared.joins, others, strict=True), 1):
            built = build_join(join, other, self._main(main), number, self._dialect)
            source = self._join(source, scope, built, join.kind == "left", number)
            if not join.aggregates or join.timeless:
                for mine, theirs in join.keys.items():
                    known, setting = scope.column(mine, f"joins {number}: on"), f"joins {number}"
                    check_kinds(known, other.kind(theirs), mine, f"{setting}: on")
            if built.repeated is not None:
                keys = " and ".join(join.keys.values())
                sentence = (
                    f"joins {number}: several rows of {join.table} have the same {keys}, and a "
                    "join must not multiply records; aggregate them, as in last(price), or narrow "
                    "them by where"
                )
                repeated.append((sentence, built.repeated))
        where = self._declared.filter
        conditions = [] if where is None else [scope.condition(where, "where")]
        if self._declared.group_by:
            return Declared(self._grouped(source, scope, conditions, wanted), repeated)
        columns = [self._column(name, scope).label(name) for name in wanted]
        return Declared(sa.select(*columns).select_from(source).where(*conditions), repeated)

    def _main(self, main: Relation) -> Main:
        made = self._outputs.get(self._key, FieldRef(self._key))
        if not isinstance(made, FieldRef):
            made = FieldRef(self._key)
        return Main(main, made.name, self._declared.filter)

    def _join(
        self, source: sa.FromClause, scope: Scope, built: Joined, is_left: bool, number: int
    ) -> sa.FromClause:
        setting = f"joins {number}"
        equal = [
            scope.column(mine, f"{setting}: on").clause == built.rows.c[theirs]
            for mine, theirs in built.on.items()
        ]
        for name, known in built.columns.items():
            scope.add(name, known, f"{setting}: columns")
        return source.join(built.rows, sa.and_(*equal), isouter=is_left)

    def _column(self, name: str, scope: Scope) -> Clause:
        made = self._outputs.get(name)
        if made is None:
            setting = f"table: the record needs {name}; declare it in columns"
            return scope.column(name, setting).clause
        assert isinstance(made, Expression)
        return scope.value(made, f"columns: {name}").clause

    def _grouped(
        self, source: sa.FromClause, scope: Scope, where: list[Clause], wanted: Sequence[str]
    ) -> sa.Select[Any]:
        by, moment = self._declared.group_by, self._declared.moment
        key = self._outputs.get(self._key, FieldRef(self._key))
        if not isinstance(key, FieldRef) or key.name != by:
            raise InvalidInput(
                f"group_by: the record key {self._key} must be the column {by}; "
                "name it so, or say so in columns"
            )
        outputs = []
        for name in wanted:
            made = self._outputs.get(name)
            if name == self._key:
                continue
            if not isinstance(made, Aggregate):
                raise InvalidInput(
                    f"columns: with group_by {name} must be an aggregate, such as last({name})"
                )
            outputs.append((name, made))
        rows = Rows(
            source=source,
            where=where,
            keys={self._key: scope.column(by, "group_by").clause},
            scope=scope,
            moment=scope.moment(moment, "moment") if moment else None,
        )
        return grouped(rows, outputs, "columns")[0]
