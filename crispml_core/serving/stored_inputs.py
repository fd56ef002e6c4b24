"""The inputs of a group of scores as one blob, and the digest of each row as stored.

A row is digested as SHA-256 over its *image*: the MessagePack array of what the ledger keeps of it,
in this order: score id, record key, prediction, probability, probabilities by class, segments,
request id, details, then the stored fields of the record in the order of the record schema. Where
the record has a data subject, the score id is followed by a slash and the id of the subject's key.
Dates and moments are ISO 8601 text; what is missing is nil. Anybody with a MessagePack library can
verify a row. `crispml_core.tables.row_images` makes the same images from columns.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from typing import Any

import msgspec
import zstandard

from crispml_core.domain.scores import Encoding, ScoreGroup, ScoreRows, score_id

_encode = msgspec.msgpack.Encoder().encode
_sha256 = hashlib.sha256
# Level 1: the writer is on the path of every request, and higher levels gain little on one group.
_LEVEL = 1
# Fewer bytes are stored as they are: compressing them costs more than it saves.
_SMALL = 1024
# How the compressed form begins; MessagePack of a map never does.
_ZSTD = b"\x28\xb5\x2f\xfd"
_local = threading.local()


def pack_rows(fields: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """Write the stored fields of rows as `Encoding.ROWS`."""
    columns = list(zip(*rows, strict=True)) if fields else []
    content = _encode({"fields": fields, "columns": columns, "rows": len(rows)})
    return content if len(content) < _SMALL else _compressor().compress(content)


def _compressor() -> zstandard.ZstdCompressor:
    """Return the compressor of this thread; making one costs more than compressing a group."""
    found: zstandard.ZstdCompressor | None = getattr(_local, "compressor", None)
    if found is None:
        found = _local.compressor = zstandard.ZstdCompressor(_LEVEL)
    return found


def unpack_rows(content: bytes) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Read what `pack_rows` wrote: the names of the fields, and the rows."""
    packed = _unpacked(content)
    columns = packed["columns"]
    rows = list(zip(*columns, strict=True)) if columns else [()] * packed["rows"]
    return tuple(packed["fields"]), rows


def unpack_columns(content: bytes) -> dict[str, list[Any]]:
    """Read what `pack_rows` wrote: the values by field."""
    packed = _unpacked(content)
    return dict(zip(packed["fields"], packed["columns"], strict=True))


def _unpacked(content: bytes) -> Any:
    if content.startswith(_ZSTD):
        content = zstandard.ZstdDecompressor().decompress(content)
    return msgspec.msgpack.decode(content)


def digest_rows(group_id: str, scores: ScoreRows, inputs: Sequence[Sequence[Any]]) -> bytes:
    """Return the SHA-256 of each row, 32 bytes each."""
    digests = []
    details, by_class, subjects = scores.details, scores.by_class, scores.subject_key_ids
    for row, (key, prediction, probability, segments, request_id, values) in enumerate(
        zip(
            scores.record_keys,
            scores.predictions,
            scores.probabilities,
            scores.segments,
            scores.request_ids,
            inputs,
            strict=True,
        )
    ):
        name = score_id(group_id, row)
        if subjects is not None and subjects[row] is not None:
            name = f"{name}/{subjects[row]}"
        image = (
            name,
            key,
            prediction,
            probability,
            None if by_class is None else by_class[row],
            segments,
            request_id,
            None if details is None else details[row],
            *values,
        )
        digests.append(_sha256(_encode(image)).digest())
    return b"".join(digests)


def stored_rows(group: ScoreGroup) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Return the stored fields of a group: their names, and one tuple per row."""
    if group.encoding is Encoding.ROWS:
        return unpack_rows(group.inputs)
    from crispml_core.tables.row_images import unpack_arrow

    return unpack_arrow(group.inputs)


def verify_rows(group: ScoreGroup) -> list[int]:
    """Return the rows of a group, as it was read back, that are not what their digests say."""
    _, inputs = stored_rows(group)
    found = digest_rows(group.group_id, group.scores, inputs)
    kept = group.row_digests
    return [
        row
        for row in range(group.rows)
        if found[32 * row : 32 * row + 32] != kept[32 * row : 32 * row + 32]
    ]
