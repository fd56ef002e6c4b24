"""MessagePack of many rows at once: the cells of each column, in the form that costs least.

Cells of a column are one of four things; `crispml_core.tables.side_by_side` puts columns together.

``bytes``: the cell is the same in all rows.
`Coded`: there are few different cells.
``numpy.ndarray`` of ``V<n>``: all cells have n bytes.
``pyarrow.LargeBinaryArray``: anything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_encode = msgspec.msgpack.Encoder().encode
NIL = _encode(None)
_FLOAT64 = 0xCB
# Shorter texts have their length in the first byte; still shorter than this, in the second.
_FIXSTR, _STR8 = 32, 256
_SAMPLE, _SAMPLED_FEW = 2_000, 4
FEW = 16
"""Cells count as few when so many rows share each, on average."""


@dataclass(frozen=True, slots=True)
class Coded:
    """Cells of which few are different.

    Parameters
    ----------
    entries : list of bytes
        The different cells.
    codes : ndarray of int
        Which of them each row has.
    """

    entries: list[bytes]
    codes: np.ndarray


Cells: TypeAlias = bytes | Coded | np.ndarray | pa.LargeBinaryArray


def column_cells(column: pa.Array) -> Cells:
    """Return the cells of a column."""
    kind = column.type
    if pa.types.is_floating(kind):
        return _number_cells(column)
    if pa.types.is_string(kind):
        return text_cells(column)
    if pa.types.is_integer(kind) and not _has_few(column):
        return _or_nil(_whole_cells(pc.fill_null(column, 0).to_numpy()), column)
    coded = column if pa.types.is_dictionary(kind) else column.dictionary_encode()
    entries = [_encode(plain(value)) for value in coded.dictionary.to_pylist()]
    indices = coded.indices
    if indices.null_count:
        indices = pc.fill_null(indices.cast(pa.int32()), len(entries))
    return Coded([*entries, NIL], indices.to_numpy())


def _has_few(column: pa.Array) -> bool:
    """Whether the first values let expect that few are different; counting all takes longer."""
    first = column.slice(0, _SAMPLE)
    return len(first.unique()) * _SAMPLED_FEW <= len(first)


def list_cells(values: Sequence[Any]) -> Cells:
    """Return the cells of a list; most often all are equal, or numbers, or one of a few."""
    if isinstance(values[0], float):
        return _number_cells(pa.array(values, pa.float64()))
    codes = {value: code for code, value in enumerate(set(values))}
    if len(codes) == 1:
        return _encode(values[0])
    places = np.fromiter(map(codes.__getitem__, values), np.int64, len(values))
    return Coded([_encode(value) for value in codes], places)


def text_cells(column: pa.Array) -> Cells:
    """Return the cells of texts: behind a byte or two that say how long each is."""
    lengths = pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
    longest = int(lengths.max(initial=0))
    is_short = lengths < _FIXSTR
    if longest >= _STR8 or not (is_short.all() or not is_short.any()):
        return column_cells(column.dictionary_encode())
    if column.null_count == 0 and 0 < longest == lengths.min():
        return _texts_of(column, longest)
    heads = (lengths | 0xA0 if is_short.all() else lengths).astype(np.uint8).view("V1")
    text = column.cast(pa.binary()).cast(pa.large_binary())
    parts = (heads, text) if is_short.all() else (b"\xd9", heads, text)
    return _or_nil(joined(*parts), column)


def plain(value: Any) -> Any:
    """Return a value as MessagePack has it: dates and moments are text."""
    return value.isoformat() if isinstance(value, date) else value


def joined(*columns: Cells) -> pa.LargeBinaryArray:
    """Return the cells of each row behind each other; not all columns may be ``bytes``."""
    arrays = [_arrow(cells) for cells in columns]
    if len(arrays) == 1:
        return arrays[0]
    empty = pa.scalar(b"", pa.large_binary())  # the last argument goes between the others
    return pc.binary_join_element_wise(*arrays, empty, null_handling="emit_null")


def _arrow(cells: Cells) -> pa.LargeBinaryArray | pa.LargeBinaryScalar:
    if isinstance(cells, bytes):
        return pa.scalar(cells, pa.large_binary())
    if isinstance(cells, Coded):
        return pa.array(cells.entries, pa.large_binary()).take(pa.array(cells.codes))
    if isinstance(cells, np.ndarray):
        edges = np.arange(len(cells) + 1, dtype=np.int64) * cells.itemsize
        return _ragged(edges, cells)
    return cells


def _ragged(edges: np.ndarray, content: np.ndarray) -> pa.LargeBinaryArray:
    buffers = [None, pa.py_buffer(edges), pa.py_buffer(content.view(np.uint8))]
    return pa.Array.from_buffers(pa.large_binary(), len(edges) - 1, buffers)


def _texts_of(column: pa.Array, length: int) -> np.ndarray:
    """Return the cells of texts that all have one length."""
    head = bytes([0xA0 | length]) if length < _FIXSTR else bytes([0xD9, length])
    _, edges, content = column.buffers()
    first = int(np.frombuffer(edges, np.int32)[column.offset])
    cells = np.empty(len(column), [("head", f"V{len(head)}"), ("text", f"V{length}")])
    cells["head"] = np.void(head)
    cells["text"] = np.frombuffer(content, f"V{length}", len(column), first)
    return cells.view(f"V{cells.itemsize}")


def _number_cells(column: pa.Array) -> Cells:
    cells = np.empty(len(column), [("head", np.uint8), ("number", ">f8")])
    cells["head"] = _FLOAT64
    cells["number"] = pc.fill_null(column, 0.0).to_numpy(zero_copy_only=False)
    return _or_nil(cells.view(f"V{cells.itemsize}"), column)


# Whole numbers from each limit on have a marker and so many bytes; 0: the number is the byte.
_LIMITS = (-(2**31), -(2**15), -128, -32, 128, 2**8, 2**16, 2**32)
_WIDTHS = np.array([8, 4, 2, 1, 0, 1, 2, 4, 8])
_MARKERS = np.array([0xD3, 0xD2, 0xD1, 0xD0, 0, 0xCC, 0xCD, 0xCE, 0xCF], np.uint8)


def _whole_cells(values: np.ndarray) -> pa.LargeBinaryArray:
    rows = len(values)
    least, most = values.min(), values.max()
    kinds = np.full(rows, sum(limit <= least for limit in _LIMITS), np.intp)
    for limit in _LIMITS:
        if least < limit <= most:
            kinds += values >= limit
    starts = 8 - _WIDTHS[kinds]
    content = np.empty((rows, 9), np.uint8)
    content[:, 1:] = values.astype(">i8").view(np.uint8).reshape(rows, 8)
    marked = np.flatnonzero(starts < 8)
    content[marked, starts[marked]] = _MARKERS[kinds[marked]]
    edges = np.zeros(rows + 1, np.int64)
    np.cumsum(9 - starts, out=edges[1:])
    return _ragged(edges, content[np.arange(9) >= starts[:, None]])


def _or_nil(cells: Cells, column: pa.Array) -> Cells:
    if column.null_count == 0:
        return cells
    return pc.if_else(column.is_valid(), _arrow(cells), pa.scalar(NIL, pa.large_binary()))
