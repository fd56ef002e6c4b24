"""Rows as Arrow batches: through the cursor of any driver, or by COPY from PostgreSQL.

COPY gives rows as CSV, which Arrow reads three times as fast as Python makes objects of them.
"""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Any

import pyarrow as pa
import pyarrow.csv
import sqlalchemy as sa

from crispml_core.adapters.sources.sql.spelling import POSTGRESQL, kind

BATCH_ROWS = 50_000
# Bytes of CSV that become one batch.
BLOCK_BYTES = 4 * 2**20

# What a text of PostgreSQL is read as, by the name of its type. What is not here, such as an array,
# goes through the cursor; so do numbers of any precision, which a text field wants as they are.
_TEXT = pa.string()
_READ_AS = {
    **dict.fromkeys(("int2", "int4", "int8"), pa.int64()),
    **dict.fromkeys(("float4", "float8"), pa.float64()),
    **dict.fromkeys(
        ("text", "varchar", "bpchar", "uuid", "date", "timestamp", "timestamptz"), _TEXT
    ),
    "bool": pa.bool_(),
}


def stream(
    connection: sa.Connection, select: sa.Select[Any], names: Sequence[str], numeric: Sequence[str]
) -> Generator[pa.RecordBatch, None, None]:
    """Yield the rows of a statement in batches of bounded size.

    Parameters
    ----------
    numeric : sequence of str
        Columns that become numbers whatever type they have in the database.
    """
    types = _copied_types(connection, select, names, numeric)
    if types is None:
        yield from _by_cursor(connection, select, names)
    else:
        yield from _by_copy(connection, select, types)


def compiled(connection: sa.Connection, select: sa.Select[Any]) -> tuple[str, Any]:
    """Return a statement as its driver takes it, and the parameters."""
    built = select.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    return str(built), built.construct_params()


def _by_cursor(
    connection: sa.Connection, select: sa.Select[Any], names: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    options = {"stream_results": True, "yield_per": BATCH_ROWS}
    result = connection.execute(select, execution_options=options)
    for rows in result.partitions():
        yield batch_of(rows, names)


def _copied_types(
    connection: sa.Connection, select: sa.Select[Any], names: Sequence[str], numeric: Sequence[str]
) -> dict[str, pa.DataType] | None:
    """Return what COPY gives, by column; None where it is not to be used."""
    dialect = connection.dialect
    if kind(dialect) != POSTGRESQL or dialect.driver != "psycopg":
        return None
    cursor: Any = connection.execute(select.limit(0)).cursor
    from psycopg import postgres  # as the dialect has it loaded

    types = {}
    for name, column in zip(names, cursor.description or (), strict=True):
        info = postgres.types.get(column.type_code)
        read_as = None if info is None or column.type_code != info.oid else _READ_AS.get(info.name)
        if info is not None and info.name == "numeric" and name in numeric:
            read_as = _TEXT
        if read_as is None:
            return None
        types[name] = read_as
    return types


def _by_copy(
    connection: sa.Connection, select: sa.Select[Any], types: dict[str, pa.DataType]
) -> Iterator[pa.RecordBatch]:
    statement, parameters = compiled(connection, select)
    if not parameters:
        # SQLAlchemy doubles each percent sign, and psycopg's COPY undoes that for parameters only.
        statement = statement.replace("%%", "%")
    driver = connection.connection.driver_connection
    assert driver is not None
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY ({statement}) TO STDOUT (FORMAT csv)", parameters) as copy,
    ):
        yield from _read_csv(iter(copy), types)


def _read_csv(blocks: Iterator[Any], types: dict[str, pa.DataType]) -> Iterator[pa.RecordBatch]:
    first = next((bytes(block) for block in blocks if block), None)
    if first is None:
        return  # Arrow takes a file of nothing for a mistake
    with closing(
        pa.csv.open_csv(
            pa.PythonFile(_Blocks(first, blocks), mode="r"),
            read_options=pa.csv.ReadOptions(
                column_names=list(types), block_size=BLOCK_BYTES, use_threads=False
            ),
            # A row of one column that is missing is an empty line.
            parse_options=pa.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=pa.csv.ConvertOptions(
                column_types=types,
                # COPY writes an empty text in quotes, and a missing value as nothing.
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                true_values=["t"],
                false_values=["f"],
            ),
        )
    ) as reader:
        yield from reader


class _Blocks(io.RawIOBase):
    """The blocks of COPY as a file."""

    def __init__(self, first: bytes, blocks: Iterator[Any]) -> None:
        self._waiting, self._blocks = first, blocks

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any, /) -> int:
        room, parts = len(target), [self._waiting]
        found = len(self._waiting)
        while found < room and (block := next(self._blocks, None)) is not None:
            parts.append(bytes(block))
            found += len(block)
        content = b"".join(parts)
        self._waiting = content[room:]
        count = min(found, room)
        target[:count] = content[:count]
        return count


def batch_of(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> pa.RecordBatch:
    """Return the rows of a driver as a batch."""
    columns = zip(*rows, strict=True)
    return pa.RecordBatch.from_arrays([_array(column) for column in columns], list(names))


def _array(values: Sequence[Any]) -> pa.Array:
    try:
        found = pa.array(values)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        # SQLite lets a column mix types; as text, each value is still checked on its own.
        return _texts(values)
    # A UUID would be the sixteen bytes of it.
    return _texts(values) if isinstance(found, pa.ExtensionArray) else found


def _texts(values: Sequence[Any]) -> pa.Array:
    return pa.array([None if value is None else str(value) for value in values], pa.string())
