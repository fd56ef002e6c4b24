"""The rules of seals: how rows of other tables are digested, and how a seal is written.

The digest of a row is SHA-256 over a JSON array of the name of its table and the values of those
columns that never change, in the order of `adapters/sql/audit/sealed_tables`. A seal is the zlib
compression of a line with the keys of its rows, a JSON array, and the digests behind it, 32 bytes
each. The audit log has a SHA-256 over table, number, kind, keys and digests, see `seal_digest`.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from typing import Any

from crispml_core.domain.audit import Chunk, SealKind

_DIGEST = 32


def row_digest(table: str, values: Sequence[Any]) -> bytes:
    """Return the digest of a row.

    Parameters
    ----------
    values : sequence of str, int, float or None
        What must not change; moments as ISO 8601 text.
    """
    content = json.dumps([table, *values], separators=(",", ":"))
    return hashlib.sha256(content.encode()).digest()


def packed(chunk: Chunk) -> bytes:
    """Return the keys and digests of a chunk as they are stored."""
    keys = json.dumps([json.loads(key) for key in chunk.keys], separators=(",", ":"))
    return zlib.compress(keys.encode() + b"\n" + b"".join(chunk.digests))


def unpacked(table: str, kind: SealKind, content: bytes) -> Chunk | None:
    """Read what `packed` wrote; None if it is nothing of that kind."""
    try:
        line, _, digests = zlib.decompress(content).partition(b"\n")
        keys = json.loads(line)
    except (zlib.error, ValueError):
        return None
    if not keys or len(digests) != _DIGEST * len(keys):
        return None
    return Chunk(
        table=table,
        kind=kind,
        keys=tuple(json.dumps(key, separators=(",", ":")) for key in keys),
        digests=tuple(digests[at : at + _DIGEST] for at in range(0, len(digests), _DIGEST)),
    )


def seal_digest(chunk: Chunk, number: int) -> str:
    """Return the digest of a seal, which its audit entry has; hexadecimal."""
    head = f"{chunk.table}:{number}:{chunk.kind.value}:{len(chunk.keys)}:".encode()
    keys = "\n".join(chunk.keys).encode()
    return hashlib.sha256(head + keys + b"\n" + b"".join(chunk.digests)).hexdigest()
