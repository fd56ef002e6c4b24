"""The inputs and the digests of many scores at once; see `crispml_core.serving.stored_inputs`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.domain.scores import ScoreRows
from crispml_core.tables.score_table import score_ids

_encode = msgspec.msgpack.Encoder().encode
_FLOAT64 = 0xCB


def pack_arrow(batch: pa.RecordBatch) -> bytes:
    """Write the stored fields of a batch as one compressed Arrow stream."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def unpack_arrow(content: bytes) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Read what `pack_arrow` wrote: the names of the fields, and the rows."""
    table = pa.ipc.open_stream(content).read_all()
    columns = [[_plain(value) for value in column.to_pylist()] for column in table.columns]
    rows = list(zip(*columns, strict=True)) if columns else [()] * table.num_rows
    return tuple(table.schema.names), rows


def digest_columns(group_id: str, scores: ScoreRows, inputs: pa.RecordBatch) -> bytes:
    """Return the SHA-256 of each row, 32 bytes each; equal to `digest_rows` on the same rows."""
    rows = len(scores)
    cells = [
        _text_cells(score_ids(group_id, 0, rows)),
        _text_cells(pa.array(scores.record_keys, pa.string())),
        _list_cells(scores.predictions),
        _list_cells(scores.probabilities),
        _NIL if scores.by_class is None else _list_cells(scores.by_class),
        _list_cells(scores.segments),
        _list_cells(scores.request_ids),
        _NIL if scores.details is None else _list_cells(scores.details),
        *(_cells(column) for column in inputs.columns),
    ]
    length = len(cells)
    head = bytes([0x90 | length]) if length < 16 else b"\xdc" + length.to_bytes(2)
    return _digest(_joined(head, *cells))


def _digest(images: pa.LargeBinaryArray) -> bytes:
    _, ends, data = images.buffers()
    offsets = np.frombuffer(ends, np.int64)[images.offset : images.offset + len(images) + 1]
    view, sha256 = memoryview(data), hashlib.sha256
    edges = offsets.tolist()
    return b"".join([sha256(view[a:b]).digest() for a, b in pairwise(edges)])


def _joined(*cells: Any) -> pa.LargeBinaryArray:
    """Put cells side by side; a cell that is the same for all rows may come as bytes."""
    parts = [pa.scalar(cell, pa.large_binary()) if type(cell) is bytes else cell for cell in cells]
    empty = pa.scalar(b"", pa.large_binary())
    return pc.binary_join_element_wise(*parts, empty, null_handling="emit_null")


def _cells(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_floating(kind):
        return _number_cells(column)
    if pa.types.is_string(kind):
        return _text_cells(column)
    if not pa.types.is_dictionary(kind):
        column = column.dictionary_encode()
    dictionary = [_encode(_plain(value)) for value in column.dictionary.to_pylist()]
    return _taken(dictionary, column.indices)


def _list_cells(values: Sequence[Any]) -> pa.Array | bytes:
    """Encode a list; most often all of its values are equal, or numbers, or one of a few."""
    if values.count(values[0]) == len(values):
        return _encode(values[0])
    if isinstance(values[0], float):
        return _number_cells(pa.array(values, pa.float64()))
    codes: dict[Any, int] = {}
    indices = np.fromiter(
        (codes.setdefault(value, len(codes)) for value in values), np.int32, len(values)
    )
    return _taken([_encode(value) for value in codes], pa.array(indices))


def _taken(dictionary: list[bytes], indices: pa.Array) -> pa.Array:
    missing = pa.scalar(len(dictionary), indices.type) if indices.null_count else None
    values = pa.array([*dictionary, _NIL], pa.large_binary())
    return values.take(indices if missing is None else pc.fill_null(indices, missing))


def _text_cells(column: pa.Array) -> pa.Array:
    """Encode texts: behind a byte or two that say how long each is."""
    lengths = pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
    longest = int(lengths.max(initial=0))
    is_short = lengths < _FIXSTR
    if longest >= _STR8 or not (is_short.all() or not is_short.any()):
        dictionary = column.dictionary_encode()
        return _taken(
            [_encode(text) for text in dictionary.dictionary.to_pylist()], dictionary.indices
        )
    text = column.cast(pa.binary()).cast(pa.large_binary())
    if is_short.all():
        cells = _joined(_byte_cells((lengths | 0xA0).astype(np.uint8)), text)
    else:
        cells = _joined(b"\xd9", _byte_cells(lengths.astype(np.uint8)), text)
    return _or_nil(cells, column)


# Shorter texts have their length in the first byte; still shorter than this, in the second.
_FIXSTR, _STR8 = 32, 256
_NIL = _encode(None)


def _byte_cells(values: np.ndarray) -> pa.Array:
    rows = len(values)
    offsets = pa.py_buffer(np.arange(rows + 1, dtype=np.int64))
    return pa.Array.from_buffers(
        pa.large_binary(), rows, [None, offsets, pa.py_buffer(np.ascontiguousarray(values))]
    )


def _number_cells(column: pa.Array) -> pa.Array:
    rows = len(column)
    bytes_ = np.empty((rows, 9), np.uint8)
    bytes_[:, 0] = _FLOAT64
    values = pc.fill_null(column, 0.0).to_numpy(zero_copy_only=False)
    bytes_[:, 1:] = values.astype(">f8").view(np.uint8).reshape(rows, 8)
    offsets = pa.py_buffer(np.arange(0, 9 * rows + 1, 9, dtype=np.int64))
    cells = pa.Array.from_buffers(pa.large_binary(), rows, [None, offsets, pa.py_buffer(bytes_)])
    return _or_nil(cells, column)


def _or_nil(cells: pa.Array, column: pa.Array) -> pa.Array:
    if column.null_count == 0:
        return cells
    return pc.if_else(column.is_valid(), cells, pa.scalar(_NIL, pa.large_binary()))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
