"""What a query finds as Arrow batches, without a Python object per row that outlives its batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, Select, String, type_coerce

from crispml_core.adapters.sql.databases.capabilities import capabilities

MOMENT = pa.timestamp("us", "UTC")

# Rows that are tuples at the same time: too few for the garbage collector to wake up, which would
# look at each of them and find nothing. It leaves the values in columns alone.
_BLOCK = 300
_BLOCKS_OF_BATCH = 64
_ON_THE_WAY = 5_000


def raw(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Leave the values of a column as the driver gives them."""
    return type_coerce(column, String)


def batches(
    connection: Connection, query: Select[Any], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Yield the rows that a query finds, many at once."""
    blocks = _blocks(connection, query)
    while some := _columns(islice(blocks, _BLOCKS_OF_BATCH)):
        arrays = [_array(c, kind) for c, kind in zip(some, schema.types, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def read_table(connection: Connection, query: Select[Any], schema: pa.Schema) -> pa.Table:
    """Return all the rows that a query finds."""
    return pa.Table.from_batches(list(batches(connection, query, schema)), schema)


def _blocks(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Sequence[Any]]]:
    if capabilities(connection.dialect).fetches_as_it_goes:
        return _fetched(connection, query)
    return _sent(connection, query)


def _sent(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Sequence[Any]]]:
    with connection.execute(query, execution_options={"yield_per": _ON_THE_WAY}) as result:
        yield from result.partitions(_BLOCK)


def _fetched(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Sequence[Any]]]:
    with connection.execute(query) as result:
        # From the driver itself: SQLAlchemy would make an object of each row.
        cursor = result.cursor
        assert cursor is not None
        while block := cursor.fetchmany(_BLOCK):
            yield block


def _columns(blocks: Iterable[Sequence[Sequence[Any]]]) -> list[list[Any]]:
    """Return the columns of some blocks of rows; none when there is no block."""
    columns: list[list[Any]] = []
    for block in blocks:
        of_block = zip(*block, strict=True)
        if not columns:
            columns = [list(values) for values in of_block]
            continue
        for column, values in zip(columns, of_block, strict=True):
            column.extend(values)
    return columns


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    """Return a column; a moment without a zone, as text or as a datetime, is UTC."""
    if not pa.types.is_timestamp(kind):
        return pa.array(values, kind)
    first = next((value for value in values if value is not None), None)
    naive = pa.array(values, pa.string() if isinstance(first, str) else pa.timestamp("us"))
    return naive.cast(pa.timestamp("us")).cast(kind)
