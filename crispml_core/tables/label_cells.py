"""Columns of labels as somebody sent them, turned into such as stay as small as their bytes.

A column can have a text or a moment once and mean it a million times, as dictionaries, views and
runs do, and its moments can lie outside the calendar of Python. Nothing of that may cost memory, or
end in anything but a finding about a row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

MAX_TEXT_BYTES = 4096
"""Far more than any entry of a label may have."""

UNREADABLE = object()
"""Stands for a value that no entry of a label can have."""


def plain_columns(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    """Return the columns by name, without dictionaries and views where their texts are short."""
    return {
        name: _plain(column) for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }


def rows_of(columns: dict[str, pa.Array], rows: int) -> list[dict[str, Any]]:
    """Return columns as rows; what is no text, number, truth value or moment is `UNREADABLE`."""
    values = [_values(column) for column in columns.values()]
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*values, strict=True)] or [
        {} for _ in range(rows)
    ]


def _plain(column: pa.Array) -> pa.Array:
    if kinds.is_dictionary(column.type) and _is_short(column.dictionary):
        return column.cast(column.type.value_type)
    if kinds.is_string_view(column.type) and _is_short(column):
        return column.cast(pa.string())
    return column


def _is_short(column: pa.Array) -> bool:
    """Whether a column has single values, and no text is longer than any entry can be."""
    if kinds.is_string_view(column.type):
        # A view has 16 bytes, and its first four say how long the text is.
        views = np.frombuffer(column.buffers()[1], np.int32).reshape(-1, 4)
        lengths = views[column.offset : column.offset + len(column), 0]
        return not len(column) or int(lengths.max()) <= MAX_TEXT_BYTES
    if kinds.is_string(column.type) or kinds.is_large_string(column.type):
        longest = pc.max(pc.binary_length(column)).as_py()
        return longest is None or longest <= MAX_TEXT_BYTES
    return bool(kinds.is_primitive(column.type))


def _values(column: pa.Array) -> list[Any]:
    kind = column.type
    if kinds.is_dictionary(kind):
        known = _values(column.dictionary)  # each of them once, however often it is meant
        return [None if place is None else known[place] for place in column.indices.to_pylist()]
    if not any(is_kind(kind) for is_kind in _SINGLE):
        return [UNREADABLE] * len(column)
    try:
        values: list[Any] = column.to_pylist()
    except _NO_VALUE:
        return [_value(scalar) for scalar in column]
    return values


def _value(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except _NO_VALUE:
        return UNREADABLE


_SINGLE = (
    kinds.is_primitive,
    kinds.is_decimal,
    kinds.is_null,
    kinds.is_string,
    kinds.is_large_string,
)
# A moment outside the calendar, or in a zone that is none.
_NO_VALUE = (pa.ArrowException, ValueError, OverflowError, LookupError)
