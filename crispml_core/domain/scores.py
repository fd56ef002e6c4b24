"""Scores and labels: what the model answered, and what turned out to be true."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One durable score.

    Parameters
    ----------
    score_id : str
        UUIDv7 made by the service.
    record_key : str
        Business key of the record, as text.
    prediction : str or float
        The decided class, or the number for regression.
    probability : float or None
        Of the positive class (binary) or of the decided class (multiclass).
    probabilities : dict
        By class, for classification.
    segments : dict
        Group of the record in each segment of the use case, fixed at scoring time.
    """

    score_id: str
    group_id: str
    row: int
    record_key: str
    use_case: str
    model: str
    version: str
    prediction: str | float
    probability: float | None
    scored_at: datetime
    request_id: str
    probabilities: dict[str, float] = field(default_factory=dict)
    segments: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreGroup:
    """Scores that are committed together, with their filtered inputs.

    The groups of one writer form a hash chain: `root` covers the digests of the rows, the writer,
    the sequence and the root before it.

    Parameters
    ----------
    writer_id : str
        The process that wrote it.
    sequence : int
        1, 2, 3 … per writer.
    inputs : bytes
        The stored fields of the records as one Arrow IPC stream, in row order.
    row_digests : bytes
        SHA-256 of each row as stored, 32 bytes each, in row order.
    """

    group_id: str
    writer_id: str
    sequence: int
    use_case: str
    model: str
    version: str
    alias: str | None
    created_at: datetime
    request_id: str
    rows: int
    inputs: bytes
    row_digests: bytes
    root: bytes
    previous_root: bytes
    idempotency_key: str | None = None
    fingerprint: str | None = None


def chain_root(
    previous_root: bytes, writer_id: str, sequence: int, row_digests: Sequence[bytes] | bytes
) -> bytes:
    """Return SHA-256 over the root before, the writer, the sequence and the row digests."""
    rows = row_digests if isinstance(row_digests, bytes) else b"".join(row_digests)
    head = f"{writer_id}:{sequence}:{len(rows) // 32}:".encode()
    return hashlib.sha256(previous_root + head + rows).digest()


class Verdict(StrEnum):
    """What became of one label row.

    ``accepted``: the first truth for its record. ``duplicate``: the same truth was there already,
    nothing is stored. ``superseded``: it corrects an earlier truth, which stays in the history.
    ``unknown``: no score of that record yet; the label is stored and waits for one.
    """

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Ground truth for one record, named by `score_id` or by `record_key`."""

    value: str | float
    label_time: datetime
    score_id: str | None = None
    record_key: str | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLabel:
    """A label as the store keeps it; `is_current` is false once a correction came."""

    label_id: str
    use_case: str
    value: str | float
    label_time: datetime
    received_at: datetime
    score_id: str | None
    record_key: str | None
    source: str
    is_current: bool
    supersedes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelReceipt:
    """The answer to a label import: one verdict per row, in order.

    Parameters
    ----------
    verdicts : tuple of Verdict
        One per row.
    label_ids : tuple of str or None
        The stored label per row; None where nothing was stored.
    counts : dict
        Rows per verdict.
    """

    import_id: str
    use_case: str
    received_at: datetime
    verdicts: tuple[Verdict, ...]
    label_ids: tuple[str | None, ...]
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationReport:
    """A stored report of a period of scores against their ground truth."""

    id: str
    use_case: str
    created_at: datetime
    content: dict[str, Any]
