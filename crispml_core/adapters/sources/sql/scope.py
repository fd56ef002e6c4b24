"""The columns that an expression of a source may read, and what it makes of them in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from crispml_core.adapters.sources.sql.expressions import to_sql, value_sql
from crispml_core.adapters.sources.sql.relations import Clause, Relation, is_moment
from crispml_core.adapters.sources.sql.spelling import POSTGRESQL, SQLITE, bytewise, moment
from crispml_core.domain.errors import InvalidInput, did_you_mean
from crispml_core.domain.expressions import Expression, FieldRef, Kind
from crispml_core.domain.queries import Aggregate


@dataclass(frozen=True)
class Known:
    """A column that expressions may read.

    Parameters
    ----------
    clause : ColumnElement
        Its SQL.
    kind : Kind, optional
        What expressions see; None for what they cannot read.
    is_moment : bool
        Whether it says when something was.
    is_exact, is_whole : bool
        Whether its numbers are added without rounding, and whether they are whole.
    """

    clause: Clause
    kind: Kind | None
    is_moment: bool = False
    is_exact: bool = False
    is_whole: bool = False


class Scope:
    """Columns by name, in one dialect."""

    def __init__(self, dialect: str, columns: Mapping[str, Known]) -> None:
        self.dialect, self._columns = dialect, dict(columns)

    @classmethod
    def of(cls, dialect: str, relation: Relation, rows: sa.FromClause) -> Scope:
        """Return the columns of a relation."""
        return cls(
            dialect,
            {
                name: Known(
                    rows.c[name],
                    relation.kind(name),
                    is_moment(type_, dialect),
                    relation.is_exact(name),
                    isinstance(type_, sa.Integer),
                )
                for name, type_ in relation.types.items()
            },
        )

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def __getitem__(self, name: str) -> Known:
        return self._columns[name]

    def add(self, name: str, known: Known, setting: str) -> None:
        """Add a column of a join; its name must be new."""
        if name in self._columns:
            raise InvalidInput(f"{setting}: there is a column {name} already; choose another name")
        self._columns[name] = known

    def column(self, name: str, setting: str) -> Known:
        """Return a column, or raise `InvalidInput` about `setting`."""
        if name not in self._columns:
            hint = did_you_mean(name, self._columns)
            known = ", ".join(self._columns)
            raise InvalidInput(f"{setting}: there is no column {name}{hint}; there are {known}")
        return self._columns[name]

    def moment(self, name: str, setting: str) -> Clause:
        """Return a column as a moment that can be compared."""
        known = self.column(name, setting)
        if not known.is_moment:
            raise InvalidInput(f"{setting}: the column {name} is neither a date nor a moment")
        return moment(self.dialect, known.clause)

    def condition(self, where: Expression, setting: str) -> Clause:
        """Return a condition as SQL."""
        kinds = self._kinds(where, setting)
        if self._kind(where, kinds, setting) is not Kind.TRUTH:
            raise InvalidInput(f"{setting} must be a condition, such as age >= 18")
        return to_sql(where, self._clauses(), kinds, self.dialect)

    def value(self, made: Expression, setting: str) -> Known:
        """Return what a column is made of; a column as it is keeps the type of the database."""
        if isinstance(made, FieldRef):
            return self.column(made.name, setting)
        kinds = self._kinds(made, setting)
        kind = self._kind(made, kinds, setting)
        return Known(value_sql(made, self._clauses(), kinds, self.dialect), kind)

    def aggregate(self, made: Aggregate, setting: str) -> Known:
        """Return one value of many rows; not of those that go by a moment."""
        if made.argument is None:
            return Known(sa.func.count(), Kind.NUMBER, is_exact=True)
        known = self._argument(made, setting)
        value = known.clause
        match made.function:
            case "count":
                return Known(sa.func.count(value), Kind.NUMBER, is_exact=True)
            case "count_distinct":
                return Known(sa.func.count(sa.distinct(value)), Kind.NUMBER, is_exact=True)
            case "sum":
                return Known(self._sum(known), Kind.NUMBER, is_exact=known.is_exact)
            case "mean":
                # Divided here, because some databases round the mean of whole numbers.
                total: Clause = sa.cast(self._sum(known), sa.Double())
                number: Clause = sa.cast(sa.func.nullif(sa.func.count(value), 0), sa.Double())
                return Known(total.op("/", return_type=sa.Double())(number), Kind.NUMBER)
        least_or_most: Clause = sa.Function(made.function, value)
        return Known(least_or_most, known.kind, known.is_moment, known.is_exact)

    def by_moment(self, made: Aggregate, setting: str) -> Known:
        """Return what ``first`` and ``last`` choose from, in a form that has an order."""
        return self._argument(made, setting)

    def _sum(self, known: Known) -> Clause:
        value = known.clause
        if known.is_whole and self.dialect not in (SQLITE, POSTGRESQL):
            # Db2 adds whole numbers in their own width, where many are soon too much.
            value = sa.cast(value, sa.BigInteger())
        return sa.func.sum(value)

    def _argument(self, made: Aggregate, setting: str) -> Known:
        assert made.argument is not None
        known = self.value(made.argument, setting)
        if made.function in ("sum", "mean") and known.kind is not Kind.NUMBER:
            raise InvalidInput(f"{setting}: {made.function} needs a number")
        if known.is_moment and known.kind is None:
            return known
        if known.is_exact:
            return known
        if isinstance(made.argument, FieldRef):
            if known.kind is None:
                if made.function in ("count", "count_distinct"):
                    return known
                raise InvalidInput(
                    f"{setting}: {made.function} cannot read a column of the type of "
                    f"{made.argument.name}"
                )
            kinds = {made.argument.name: known.kind}
            clauses = {made.argument.name: known.clause}
            known = Known(value_sql(made.argument, clauses, kinds, self.dialect), known.kind)
        if known.kind is Kind.TEXT:
            return Known(bytewise(self.dialect, known.clause), known.kind)
        return known

    def _clauses(self) -> dict[str, Clause]:
        return {name: known.clause for name, known in self._columns.items()}

    def _kinds(self, expression: Expression, setting: str) -> dict[str, Kind]:
        for name in expression.fields():
            if self.column(name, setting).kind is None:
                raise InvalidInput(
                    f"{setting}: an expression cannot read {name}, which is no number, text, date "
                    "or truth value; make a view that has what is needed"
                )
        return {name: known.kind for name, known in self._columns.items() if known.kind is not None}

    @staticmethod
    def _kind(expression: Expression, kinds: Mapping[str, Kind], setting: str) -> Kind:
        try:
            return expression.kind(kinds)
        except InvalidInput as error:
            raise InvalidInput(f"{setting}: {error.message}") from error
