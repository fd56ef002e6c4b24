"""What a query finds as Arrow batches, without a Python object per row that outlives its block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, Select, String, type_coerce

from crispml_core.adapters.sql.capabilities import fetches_as_it_goes, takes_moments_as_text

MOMENT = pa.timestamp("us", "UTC")

# Rows that are Python objects at the same time. They stay in the cache of the processor, and are
# too few for the garbage collector to wake up: it would look at each of them and find nothing.
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
    moment = pa.string() if takes_moments_as_text(connection.dialect) else pa.timestamp("us")
    kinds = [moment if pa.types.is_timestamp(kind) else kind for kind in schema.types]
    blocks = (_arrays(block, kinds) for block in _blocks(connection, query))
    while some := list(islice(blocks, _BLOCKS_OF_BATCH)):
        columns = map(pa.concat_arrays, zip(*some, strict=True))
        arrays = [_as(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def read_table(connection: Connection, query: Select[Any], schema: pa.Schema) -> pa.Table:
    """Return all the rows that a query finds."""
    return pa.Table.from_batches(list(batches(connection, query, schema)), schema)


def _blocks(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Sequence[Any]]]:
    if not fetches_as_it_goes(connection.dialect):
        with connection.execute(query, execution_options={"yield_per": _ON_THE_WAY}) as result:
            yield from result.partitions(_BLOCK)
        return
    with connection.execute(query) as result:
        # From the driver itself: SQLAlchemy would make an object of each row.
        cursor = result.cursor
        assert cursor is not None
        while block := cursor.fetchmany(_BLOCK):
            yield block


def _arrays(block: Sequence[Sequence[Any]], kinds: Sequence[pa.DataType]) -> list[pa.Array]:
    columns = zip(*block, strict=True)
    return [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]


def _as(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return a column; a moment without a zone, as text or as one, is UTC."""
    return column.cast(pa.timestamp("us")).cast(kind) if pa.types.is_timestamp(kind) else column
