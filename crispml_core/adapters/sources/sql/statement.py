"""The one statement that a source asks its database for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from crispml_core.adapters.sources.sql.declared import build_declared
from crispml_core.adapters.sources.sql.expressions import to_sql
from crispml_core.adapters.sources.sql.spelling import (
    POSTGRESQL,
    SQLITE,
    bytewise,
    kind,
    sample_clause,
    text_of,
)
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.sources import Selection, SqlSource
from crispml_core.domain.use_case import UseCase, kind_of
from crispml_core.tables.split import sample_bound, sample_digits


@dataclass(frozen=True)
class Asked:
    """A statement, and who does what.

    Parameters
    ----------
    select : Select
        The statement.
    names : list of str
        Its columns.
    in_database : tuple of str
        See `crispml_core.domain.sources.Statement`.
    while_reading : Selection, optional
        What is left to do with the rows, because the database knows no hash.
    lacking : bool
        Whether a field is missing, so that only the columns are of interest.
    """

    select: sa.Select[Any]
    names: list[str]
    in_database: tuple[str, ...]
    while_reading: Selection | None = None
    lacking: bool = False


def ask(
    connection: sa.Connection, use_case: UseCase, declared: SqlSource, selection: Selection
) -> Asked:
    """Return the statement for a selection of a source.

    Raises
    ------
    InvalidInput
        If the declaration does not fit the database, or a join would multiply records.
    """
    wanted = [*use_case.schema.names, use_case.target.name]
    done = ["columns"]
    if declared.table:
        rows = _declared(connection, use_case, declared, wanted)
        done += ["join"] * bool(declared.joins)
        if declared.group_by or any(join.aggregates for join in declared.joins):
            done.append("aggregation")
    else:
        text = one_statement(declared.query)
        found = columns_of(connection, text)
        if not set(wanted) <= set(found):
            return Asked(queried(text, found), found, (), lacking=True)
        rows = sa.text(text).columns(*map(sa.column, found)).subquery("source")
    select = sa.select(*(rows.c[name] for name in wanted))
    if declared.where is not None or selection.where is not None:
        done.append("filter")
    if selection.where is not None:
        fields = (*use_case.fields, use_case.target.field)
        kinds = {field.name: kind_of(field) for field in fields}
        columns = {name: rows.c[name] for name in wanted}
        select = select.where(to_sql(selection.where, columns, kinds, kind(connection.dialect)))
    asked = Asked(select, wanted, tuple(done))
    return _shortened(connection, asked, use_case, rows, declared, selection)


def _declared(
    connection: sa.Connection, use_case: UseCase, declared: SqlSource, wanted: Sequence[str]
) -> sa.FromClause:
    try:
        built = build_declared(connection, declared, wanted, use_case.record_key)
        for sentence, repeated in built.repeated:
            if connection.execute(repeated).first() is not None:
                raise InvalidInput(sentence)
    except InvalidInput as error:
        raise InvalidInput(f"use case {use_case.name}: source: {error.message}") from error
    return built.select.subquery("records")


def _shortened(
    connection: sa.Connection,
    asked: Asked,
    use_case: UseCase,
    rows: sa.FromClause,
    declared: SqlSource,
    selection: Selection,
) -> Asked:
    """Add sample, order and limit, in this order."""
    dialect, key = kind(connection.dialect), rows.c[use_case.record_key]
    select, done, rest = asked.select, [*asked.in_database], None
    is_text = use_case.schema[use_case.record_key].type == "string"
    bound = sample_bound(selection.sample)
    if bound is not None:
        text = text_of(dialect, key if is_text else sa.cast(key, sa.BigInteger()))
        digits = sample_clause(dialect, text, selection.seed)
        if digits is not None and _hashes_as_we_do(connection, selection.seed):
            select = select.where(digits < _written(dialect, bound))
            done.append("sample")
        else:
            rest = replace(selection, where=None)
    if declared.table and declared.ordered:
        select = select.order_by(bytewise(dialect, text_of(dialect, key)) if is_text else key)
        done.append("order")
    if selection.limit is not None and rest is None:
        select = select.limit(selection.limit)
        done.append("limit")
    return replace(asked, select=select, in_database=tuple(done), while_reading=rest)


def _hashes_as_we_do(connection: sa.Connection, seed: int) -> bool:
    """Whether the database finds the same digits: it may know no hash, or write texts its own way.

    Asked in a savepoint, because a statement that fails may end the transaction.
    """
    name = kind(connection.dialect)
    if name in (SQLITE, POSTGRESQL):
        return True
    digits = sample_clause(name, sa.literal_column("'\u00e4-1'"), seed)
    if digits is None:
        return False
    try:
        with connection.begin_nested():
            found = connection.execute(_one_row(name, digits)).scalar()
    except sa.exc.SQLAlchemyError:
        return False
    return bool(found == sample_digits("\u00e4-1", seed))


def _one_row(dialect: str, value: sa.ColumnElement[Any]) -> sa.Select[Any]:
    select = sa.select(value)
    return select.select_from(sa.text("sysibm.sysdummy1")) if dialect == "ibm_db_sa" else select


def _written(dialect: str, bound: str) -> sa.ColumnElement[Any]:
    # Hexadecimal digits of ours, no value of anybody.
    literal: sa.ColumnElement[Any] = sa.literal_column(f"'{bound}'", sa.Text())
    return bytewise(dialect, literal)


def columns_of(connection: sa.Connection, text: str) -> list[str]:
    """Return the names of the columns of a query."""
    subquery = sa.text(text).columns().subquery("source")
    nothing = sa.select(sa.text("*")).select_from(subquery).where(sa.text("1 = 0"))
    return list(connection.execute(nothing).keys())


def queried(text: str, names: Iterable[str]) -> sa.Select[Any]:
    """Return a query as a subquery, so that anything but one SELECT is a syntax error."""
    typed: list[sa.ColumnClause[Any]] = [sa.column(name) for name in dict.fromkeys(names)]
    source = sa.text(text).columns(*typed).subquery("source")
    return sa.select(*(source.c[column.name] for column in typed))


def one_statement(query: str) -> str:
    """Return a query for `sqlalchemy.text`; raise `InvalidInput` if it is more than one."""
    query = query.strip().rstrip(";").rstrip()
    if ";" in query:
        raise InvalidInput(
            "query of a SQL source must be one SELECT statement, without a semicolon"
        )
    # A colon is part of the query here, never the start of a parameter; and the newline ends a
    # comment before it swallows what follows the query.
    return query.replace(":", "\\:") + "\n"
