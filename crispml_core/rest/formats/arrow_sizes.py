"""How large the parts of an Arrow stream are once they are decompressed.

A compressed buffer begins with its decompressed length, for which a reader allocates memory before
it looks at the bytes. So that length is read first, straight from the flatbuffers of the messages
(Arrow columnar format, "Encapsulated message format" and "Compression").
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
_BUFFER_BYTES = 16


def decompressed_sizes(stream: pa.NativeFile) -> Iterator[tuple[bool, int]]:
    """Yield, per message with data, whether it is a dictionary and its bytes when decompressed.

    Parameters
    ----------
    stream : pyarrow.NativeFile
        At the start of an Arrow stream; best in memory or mapped, so that nothing is copied.

    Raises
    ------
    pyarrow.ArrowInvalid, struct.error
        If it is no Arrow stream.
    """
    import pyarrow as pa

    for message in pa.ipc.MessageReader.open_stream(stream):
        metadata, body = memoryview(message.metadata), message.body
        root = _follow(metadata, 0)
        kind = _scalar(metadata, root, 1, "B")
        header = _table(metadata, root, 2)
        if kind not in (_DICTIONARY_BATCH, _RECORD_BATCH) or header is None or body is None:
            continue
        batch = _table(metadata, header, 1) if kind == _DICTIONARY_BATCH else header
        if batch is None:
            continue
        is_compressed = _table(metadata, batch, 3) is not None
        size = sum(_lengths(metadata, batch, memoryview(body))) if is_compressed else body.size
        yield kind == _DICTIONARY_BATCH, size


def _lengths(metadata: memoryview, batch: int, body: memoryview) -> Iterator[int]:
    vector = _table(metadata, batch, 2)
    if vector is None:
        return
    (count,) = struct.unpack_from("<I", metadata, vector)
    for number in range(count):
        place = vector + 4 + number * _BUFFER_BYTES
        offset, length = struct.unpack_from("<qq", metadata, place)
        if length >= 8:
            (decompressed,) = struct.unpack_from("<q", body, offset)
            # -1 says that this buffer is not compressed after all.
            yield length - 8 if decompressed == -1 else abs(decompressed)


def _follow(data: memoryview, place: int) -> int:
    """Return where the offset at a place leads."""
    (offset,) = struct.unpack_from("<I", data, place)
    return place + int(offset)


def _place(data: memoryview, table: int, field: int) -> int | None:
    """Return where a field of a table lies; None when it has its default."""
    (back,) = struct.unpack_from("<i", data, table)
    vtable = table - back
    (size,) = struct.unpack_from("<H", data, vtable)
    slot = 4 + 2 * field
    if slot >= size:
        return None
    (offset,) = struct.unpack_from("<H", data, vtable + slot)
    return table + offset if offset else None


def _table(data: memoryview, table: int, field: int) -> int | None:
    place = _place(data, table, field)
    return None if place is None else _follow(data, place)


def _scalar(data: memoryview, table: int, field: int, kind: str) -> int:
    place = _place(data, table, field)
    return 0 if place is None else int(struct.unpack_from(f"<{kind}", data, place)[0])
