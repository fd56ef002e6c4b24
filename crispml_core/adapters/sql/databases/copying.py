"""Rows by COPY: how psycopg takes very many of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Column, Dialect, Double, Integer, Table
from sqlalchemy.exc import DBAPIError

from crispml_core.adapters.sql.databases.capabilities import capabilities
from crispml_core.adapters.sql.schema.types import UtcTimestamp

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

_EPOCH_US = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000


def copies(dialect: Dialect) -> bool:
    """Return whether the driver of a database is one that copies."""
    return capabilities(dialect).copy and dialect.driver == "psycopg"


def copy_rows(
    connection: psycopg.Connection[Any],
    table: Table,
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> None:
    """Send rows to a table, inside of the transaction of the connection.

    The binary format needs no escaping, and its numbers are exact. A moment is given as
    `copied_moments` makes it.
    """
    types = [_type(table.columns[name]) for name in names]
    statement = f"COPY {table.name} ({', '.join(names)}) FROM STDIN (FORMAT binary)"
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def copied_moments(moments: pa.Array) -> list[int | None]:
    """Return moments as PostgreSQL keeps them: microseconds since the year 2000.

    They are sent as whole numbers, which have the same bytes; psycopg would make them one by one
    from objects, in ten times the time.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    found: list[int | None] = pc.subtract(moments.cast(pa.int64()), _EPOCH_US).to_pylist()
    return found


@contextmanager
def errors_of_psycopg() -> Iterator[None]:
    """Raise errors of the driver as SQLAlchemy would."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise DBAPIError.instance(None, None, error, psycopg.Error, hide_parameters=True) from error


def _type(column: Column[Any]) -> str:
    kind = column.type
    if isinstance(kind, (BigInteger, UtcTimestamp)):
        return "int8"
    if isinstance(kind, Integer):
        return "int4"
    return "float8" if isinstance(kind, Double) else "text"
