"""Tables and views of a source as the database has them, or an error that names what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from crispml_core.domain.errors import InvalidInput, did_you_mean
from crispml_core.domain.expressions import Kind

Clause = ColumnElement[Any]


@dataclass(frozen=True)
class Relation:
    """A table or a view.

    Parameters
    ----------
    name : str
        As the use case has it.
    types : dict
        The type of each column, as SQLAlchemy understood it.
    unique : tuple of frozenset
        Sets of columns that the database itself keeps unique.
    """

    name: str
    types: dict[str, sa.types.TypeEngine[Any]]
    unique: tuple[frozenset[str], ...] = ()

    def aliased(self, alias: str) -> sa.FromClause:
        """Return it as something to select from.

        Its columns give what the driver gives: SQLAlchemy would read the moments of SQLite in one
        notation only. Truth values keep their type, because they are no numbers everywhere.
        """
        schema, _, table = self.name.rpartition(".")
        kept = sa.Boolean()
        columns: list[sa.ColumnClause[Any]] = [
            sa.column(name, kept if isinstance(type_, sa.Boolean) else None)
            for name, type_ in self.types.items()
        ]
        return sa.table(table, *columns, schema=schema or None).alias(alias)

    def kind(self, column: str) -> Kind | None:
        """Return what expressions see of a column; None for a moment and for what they cannot."""
        return kind_of_type(self.types[column])

    def is_exact(self, column: str) -> bool:
        """Whether a column holds numbers that the database adds without rounding."""
        type_ = self.types[column]
        return isinstance(type_, sa.Integer) or (
            isinstance(type_, sa.Numeric) and not isinstance(type_, sa.Float)
        )

    def check_columns(self, names: Any, setting: str) -> None:
        """Raise `InvalidInput` about `setting` if a column does not exist."""
        for name in names:
            if name not in self.types:
                raise InvalidInput(
                    f"{setting}: {self.name} has no column {name}"
                    f"{did_you_mean(name, self.types)}; it has {', '.join(self.types)}"
                )


def kind_of_type(type_: sa.types.TypeEngine[Any]) -> Kind | None:
    """Return what expressions see of a type; a date is text, as in the record schema."""
    if isinstance(type_, sa.Boolean):
        return Kind.TRUTH
    if isinstance(type_, sa.Integer | sa.Numeric):
        return Kind.NUMBER
    if isinstance(type_, sa.String | sa.Uuid | sa.Date):
        return Kind.TEXT
    return None


def is_moment(type_: sa.types.TypeEngine[Any], dialect: str) -> bool:
    """Whether a column may say when something was; SQLite has texts for that."""
    if isinstance(type_, sa.DateTime | sa.Date):
        return True
    return dialect == "sqlite" and isinstance(type_, sa.String)


def look_up(connection: sa.Connection, name: str, setting: str) -> Relation:
    """Find a table or a view; raise `InvalidInput` about `setting` if there is none."""
    schema, _, table = name.rpartition(".")
    inspector = sa.inspect(connection)
    try:
        columns = inspector.get_columns(table, schema=schema or None)
    except sa.exc.NoSuchTableError:
        columns = []
    if not columns:
        known = [
            *inspector.get_table_names(schema=schema or None),
            *inspector.get_view_names(schema=schema or None),
        ]
        raise InvalidInput(
            f"{setting}: the database has no table or view {name}{did_you_mean(table, known)}"
        )
    types = {str(column["name"]): column["type"] for column in columns}
    return Relation(name, types, _unique(inspector, table, schema or None))


def _unique(inspector: Any, table: str, schema: str | None) -> tuple[frozenset[str], ...]:
    try:
        keys = [inspector.get_pk_constraint(table, schema=schema)["constrained_columns"]]
        found = inspector.get_unique_constraints(table, schema=schema)
    except (sa.exc.SQLAlchemyError, NotImplementedError):
        return ()  # a view has none; then it is looked up in the rows
    keys += [constraint["column_names"] for constraint in found]
    return tuple(frozenset(key) for key in keys if key)
