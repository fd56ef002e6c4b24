"""A SELECT in any database: selection, filter, sample and limit happen there, rows are streamed.

The query is wrapped as a subquery, so that anything but one SELECT is a syntax error, and runs in a
transaction that is read-only where the database can be told so, and always rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from crispml_core.adapters.sources.selecting import check_filter
from crispml_core.adapters.sources.sql_errors import source_error
from crispml_core.adapters.sources.sql_expressions import add_sqlite_functions, to_sql
from crispml_core.domain.errors import InvalidInput, StoreUnavailable
from crispml_core.domain.sources import Selection, SqlSource
from crispml_core.domain.use_case import UseCase, kind_of

BATCH_ROWS = 50_000


class SqlRecordSource:
    """Runs the query of a use case and streams what it selects."""

    def __init__(self, use_case: UseCase, declaration: SqlSource, url: str) -> None:
        self._use_case = use_case
        self._query = _one_statement(declaration.query)
        try:
            self._url = sa.make_url(url)
            self._engine = sa.create_engine(self._url, poolclass=NullPool, hide_parameters=True)
        except (sa.exc.ArgumentError, ValueError) as error:
            raise InvalidInput(
                f"use case {use_case.name}: the URL of the SQL source is not one that SQLAlchemy "
                "understands; correct it in the source or in CRISPML_CONNECTIONS"
            ) from error
        except ImportError as error:
            raise InvalidInput(
                f"use case {use_case.name}: the driver for the SQL source is not installed"
            ) from error

    def read(self, selection: Selection) -> Iterator[pa.RecordBatch]:
        """Yield the selected rows; see `RecordSource`."""
        check_filter(self._use_case, selection)
        self._check_pushable(selection)
        return self._batches(selection)

    def _check_pushable(self, selection: Selection) -> None:
        moments = {field.name for field in self._use_case.fields if field.type == "datetime"}
        for name in selection.where.fields() if selection.where is not None else ():
            if name in moments:
                raise InvalidInput(
                    f"where cannot read {name}: databases write moments in their own ways; "
                    "put that part of the filter into the query"
                )

    def _batches(self, selection: Selection) -> Iterator[pa.RecordBatch]:
        wanted = [*self._use_case.schema.names, self._use_case.target.name]
        try:
            with self._transaction() as connection:
                found = self._columns(connection)
                # Without rows, too, the columns want to be checked.
                lacking = [name for name in wanted if name not in found]
                names = found if lacking else wanted
                yield pa.RecordBatch.from_arrays([pa.nulls(0)] * len(names), names)
                if lacking:
                    return
                statement = self._statement(found, wanted, selection)
                options = {"stream_results": True, "yield_per": BATCH_ROWS}
                result = connection.execute(statement, execution_options=options)
                for rows in result.partitions():
                    yield _batch(rows, wanted)
        except sa.exc.SQLAlchemyError as error:
            raise source_error(self._use_case.name, error) from error

    def _columns(self, connection: sa.Connection) -> list[str]:
        subquery = sa.text(self._query).columns().subquery("source")
        nothing = sa.select(sa.text("*")).select_from(subquery).where(sa.text("1 = 0"))
        return list(connection.execute(nothing).keys())

    def _statement(
        self, found: Sequence[str], wanted: Sequence[str], selection: Selection
    ) -> sa.Select[Any]:
        typed: list[sa.ColumnClause[Any]] = [sa.column(name) for name in dict.fromkeys(found)]
        source = sa.text(self._query).columns(*typed).subquery("source")
        statement = sa.select(*(source.c[name] for name in wanted))
        dialect = self._engine.dialect.name
        if selection.where is not None:
            fields = (*self._use_case.fields, self._use_case.target.field)
            kinds = {field.name: kind_of(field) for field in fields}
            columns = {name: source.c[name] for name in wanted}
            statement = statement.where(to_sql(selection.where, columns, kinds, dialect))
        if selection.sample < 1:
            statement = statement.where(_random(dialect) < selection.sample)
        if selection.limit is not None:
            statement = statement.limit(selection.limit)
        return statement

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        self._check_file()
        is_sqlite = self._engine.dialect.name == "sqlite"
        try:
            connection = self._engine.connect()
        except sa.exc.SQLAlchemyError as error:
            raise StoreUnavailable(
                f"use case {self._use_case.name}: the database of the SQL source cannot be reached"
            ) from error
        with connection:
            if is_sqlite:
                add_sqlite_functions(connection.connection.driver_connection)  # type: ignore[arg-type]
                connection.exec_driver_sql("PRAGMA query_only=ON")
            elif self._engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            try:
                yield connection
            finally:
                connection.rollback()
                if is_sqlite and not connection.invalidated:
                    connection.exec_driver_sql("PRAGMA query_only=OFF")

    def _check_file(self) -> None:
        """Refuse a SQLite file that does not exist, because connecting would create it."""
        path = self._url.database
        if (
            self._engine.dialect.name != "sqlite"
            or not path
            or path.startswith((":memory:", "file:"))
        ):
            return
        if not Path(path).is_file():
            raise StoreUnavailable(
                f"use case {self._use_case.name}: the SQLite file of the SQL source does not exist"
            )


def _one_statement(query: str) -> str:
    query = query.strip().rstrip(";").rstrip()
    if ";" in query:
        raise InvalidInput(
            "query of a SQL source must be one SELECT statement, without a semicolon"
        )
    # A colon is part of the query here, never the start of a parameter; and the newline ends a
    # comment before it swallows what follows the query.
    return query.replace(":", "\\:") + "\n"


def _random(dialect: str) -> sa.ColumnElement[Any]:
    """Return a random number in [0, 1) per row."""
    if dialect == "sqlite":
        # random() gives all 64 bits; the sign is dropped.
        return sa.literal_column("(random() & 9223372036854775807) / 9223372036854775808.0")
    return sa.func.random() if dialect == "postgresql" else sa.func.rand()


def _batch(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    return pa.RecordBatch.from_arrays([_array(column) for column in columns], list(names))


def _array(values: Sequence[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        # SQLite lets a column mix types; as text, each value is still checked on its own.
        return pa.array([None if value is None else str(value) for value in values], pa.string())
