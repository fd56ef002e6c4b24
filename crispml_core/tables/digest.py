"""A digest over every cell of a table, whatever its chunks.

Byte layout, all integers little-endian. Every column has these streams, each hashed with SHA-256
over all rows in order:

``validity``
    one byte per row: 1 for a value, 0 for a missing one.
``values``, for a type of fixed width
    the value in its own width; a truth value as one byte; a missing value as zeros; every NaN as
    the quiet NaN of its width (``0x7ff8000000000000``). Zero and minus zero differ.
``lengths`` and ``values``, for text and binary
    the length in bytes as int64, 0 for a missing value; and the bytes themselves, one after the
    other.

The digest of a column is the SHA-256 over its name, its type as text and the number of rows (each
text as its length in bytes, int64, and its UTF-8), followed by the digests of its streams in the
order above. The digest of the table is the SHA-256 over the number of rows, the number of columns
and the digests of the columns in order. How a column is encoded (dictionary, view, large offsets)
is not part of its type.

The digest of a single row (`row_digests`) is the SHA-256 over the row as a JSON object: names
sorted, ``,`` and ``:`` without blanks, everything beyond ASCII escaped, numbers as Python's
shortest ``repr``, NaN and missing as ``null``, moments in ISO 8601.
"""

from __future__ import annotations

import hashlib
import json
import math
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.domain.datasets import Column


class ContentDigest:
    """Digests a table batch by batch; `columns` and `hexdigest` may be read at any time."""

    def __init__(self) -> None:
        self.rows = 0
        self._columns: list[_ColumnDigest] = []

    def update(self, batch: pa.RecordBatch) -> None:
        """Take in the next rows.

        Raises
        ------
        ValueError
            If the columns are not those of the first batch.
        """
        found = [(field.name, _plain_type(field.type)) for field in batch.schema]
        if not self._columns:
            self._columns = [_ColumnDigest(name, kind) for name, kind in found]
        if found != [(column.name, column.kind) for column in self._columns]:
            raise ValueError("every batch must have the columns of the first")
        for column, values in zip(self._columns, batch.columns, strict=True):
            column.update(values.cast(column.kind) if values.type != column.kind else values)
        self.rows += batch.num_rows

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns with their digests so far."""
        return tuple(
            Column(column.name, str(column.kind), column.digest(self.rows).hex())
            for column in self._columns
        )

    def hexdigest(self) -> str:
        """Return the digest of all rows so far."""
        digest = hashlib.sha256(_integer(self.rows) + _integer(len(self._columns)))
        for column in self._columns:
            digest.update(column.digest(self.rows))
        return digest.hexdigest()


class _ColumnDigest:
    def __init__(self, name: str, kind: pa.DataType) -> None:
        self.name, self.kind = name, kind
        self._validity, self._values = hashlib.sha256(), hashlib.sha256()
        self._has_lengths = pa.types.is_string(kind) or pa.types.is_binary(kind)
        self._lengths = hashlib.sha256()

    def update(self, values: pa.Array) -> None:
        self._validity.update(_bytes_of(values.is_valid()))
        if self._has_lengths:
            # Filling also drops what may lie under a missing value.
            values = pc.fill_null(values, b"" if pa.types.is_binary(self.kind) else "")
            lengths = pc.binary_length(values).to_numpy(zero_copy_only=False)
            self._lengths.update(lengths.astype("<i8").data)
            self._values.update(_text_bytes(values))
        else:
            self._values.update(_bytes_of(values))

    def digest(self, rows: int) -> bytes:
        digest = hashlib.sha256()
        for text in (self.name, str(self.kind)):
            encoded = text.encode()
            digest.update(_integer(len(encoded)) + encoded)
        digest.update(_integer(rows) + self._validity.digest())
        if self._has_lengths:
            digest.update(self._lengths.digest())
        digest.update(self._values.digest())
        return digest.digest()


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return pa.binary()
    return kind


def _bytes_of(values: pa.Array) -> memoryview:
    """Return values of fixed width as bytes, zeros for missing ones."""
    kind = values.type
    if pa.types.is_boolean(kind):
        values = values.cast(pa.uint8())
    elif pa.types.is_temporal(kind):
        values = values.view(pa.int32() if kind.bit_width == 32 else pa.int64())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise TypeError(f"no digest for a column of the type {kind}")
    numbers = pc.fill_null(values, pa.scalar(0).cast(values.type)).to_numpy(zero_copy_only=False)
    if pa.types.is_floating(kind) and np.isnan(numbers).any():
        numbers = np.where(np.isnan(numbers), np.array(np.nan, numbers.dtype), numbers)
    return np.ascontiguousarray(numbers, numbers.dtype.newbyteorder("<")).view(np.uint8).data


def _text_bytes(values: pa.Array) -> memoryview:
    """Return the bytes of a text column without missing values, without copying them."""
    if len(values) == 0:
        return memoryview(b"")
    _, offsets, data = values.buffers()
    ends = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
    return memoryview(data if data is not None else b"")[ends[0] : ends[-1]]


def _integer(value: int) -> bytes:
    return value.to_bytes(8, "little")


def row_digests(batch: pa.RecordBatch) -> bytes:
    """Return the SHA-256 of every row, 32 bytes each, in row order.

    A row has the same digest in any batch, and in any order of the columns.
    """
    names = batch.schema.names
    columns = [column.to_pylist() for column in batch.columns]
    encode = json.JSONEncoder(
        sort_keys=True, separators=(",", ":"), default=_iso, allow_nan=False
    ).encode
    digests = []
    # Without columns there are rows all the same.
    for row in zip(*columns, strict=True) if columns else [()] * batch.num_rows:
        record = {name: _json_value(value) for name, value in zip(names, row, strict=True)}
        digests.append(hashlib.sha256(encode(record).encode()).digest())
    return b"".join(digests)


def _json_value(value: Any) -> Any:
    return None if type(value) is float and not math.isfinite(value) else value


def _iso(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no digest for a row with a {type(value).__name__}")
