"""What clients were told: 24 bytes for each acknowledged score.

A worker of Locust sends them to its master with its figures, so that one process has all of them,
on whatever machine the workers are.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from uuid import UUID

import msgspec

SIZE = 24
_ID, _DIGEST = 16, 8
_AT_A_TIME = SIZE * 4096
_encode = msgspec.json.Encoder().encode


def value_digest(
    prediction: str | float, probability: float | None, version: str, record_key: str | None
) -> bytes:
    """Return a digest of what a score says.

    Parameters
    ----------
    record_key : str or None
        None where the ledger keeps a pseudonym, which a client does not know.
    """
    said = prediction if isinstance(prediction, str) else float(prediction)
    share = None if probability is None else float(probability)
    return _digest(_encode([said, share, version, record_key]))


def key_digest(record_key: str) -> bytes:
    """Return a digest of a record key."""
    return _digest(record_key.encode())


def pack(score_id: str, value: bytes) -> bytes:
    """Return the bytes of one acknowledged score."""
    return UUID(score_id).bytes + value


def read(file: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield id and digest of each score of a file."""
    with file.open("rb") as source:
        while chunk := source.read(_AT_A_TIME):
            for place in range(0, len(chunk) - SIZE + 1, SIZE):
                end = place + _ID
                yield chunk[place:end], chunk[end : end + _DIGEST]


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST).digest()
