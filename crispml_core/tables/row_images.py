"""The inputs and the digests of many scores at once; see `crispml_core.serving.stored_inputs`."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.domain.scores import ScoreRows
from crispml_core.tables.narrow import narrowed
from crispml_core.tables.packed_cells import (
    NIL,
    column_cells,
    list_cells,
    plain,
    text_cells,
)
from crispml_core.tables.score_table import score_ids
from crispml_core.tables.side_by_side import side_by_side

_BLOCK = 1024


def pack_arrow(batch: pa.RecordBatch) -> bytes:
    """Write the stored fields of a batch as one compressed Arrow stream, in narrow types."""
    batch = narrowed(batch)
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def read_arrow(content: bytes) -> pa.Table:
    """Read what `pack_arrow` wrote as a table."""
    return pa.ipc.open_stream(content).read_all()


def unpack_arrow(content: bytes) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Read what `pack_arrow` wrote: the names of the fields, and the rows."""
    table = read_arrow(content)
    columns = [[plain(value) for value in column.to_pylist()] for column in table.columns]
    rows = list(zip(*columns, strict=True)) if columns else [()] * table.num_rows
    return tuple(table.schema.names), rows


def digest_columns(group_id: str, scores: ScoreRows, inputs: pa.RecordBatch) -> bytes:
    """Return the SHA-256 of each row, 32 bytes each; equal to `digest_rows` on the same rows."""
    cells = [
        text_cells(_names(group_id, scores)),
        text_cells(pa.array(scores.record_keys, pa.string())),
        list_cells(scores.predictions),
        list_cells(scores.probabilities),
        NIL if scores.by_class is None else list_cells(scores.by_class),
        list_cells(scores.segments),
        list_cells(scores.request_ids),
        NIL if scores.details is None else list_cells(scores.details),
        *(column_cells(column) for column in inputs.columns),
    ]
    length = len(cells)
    head = bytes([0x90 | length]) if length < 16 else b"\xdc" + length.to_bytes(2)
    return _digest(side_by_side([head, *cells]))


def _names(group_id: str, scores: ScoreRows) -> pa.StringArray:
    """Return the id of each score, with that of the key of its data subject if it has one."""
    ids = score_ids(group_id, 0, len(scores))
    if scores.subject_key_ids is None:
        return ids
    subjects = pa.array(scores.subject_key_ids, pa.string())
    return pc.binary_join_element_wise(ids, subjects, "/", null_handling="skip")


def _digest(images: pa.LargeBinaryArray) -> bytes:
    _, ends, data = images.buffers()
    edges = np.frombuffer(ends, np.int64)[images.offset : images.offset + len(images) + 1]
    sizes, sha256 = np.diff(edges).tolist(), hashlib.sha256
    # Reading on is faster than to cut out each image, and blocks stay in the cache.
    read = BytesIO(memoryview(data)[edges[0] :]).read
    return b"".join(
        [
            b"".join([sha256(read(size)).digest() for size in sizes[start : start + _BLOCK]])
            for start in range(0, len(sizes), _BLOCK)
        ]
    )
