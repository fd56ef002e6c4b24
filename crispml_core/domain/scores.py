"""Scores and labels: what the model answered, and what turned out to be true."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from crispml_core.domain.identifiers import new_id_text

MAX_GROUP_ROWS = (1 << 24) - 1
"""Most scores in one group: their numbers are the last 24 bits of their ids."""

_NUMBER_DIGITS = 6


def new_group_id() -> str:
    """Make the id of a score group: a UUIDv7 whose last 24 bits are zero."""
    return new_id_text()[:-_NUMBER_DIGITS] + "0" * _NUMBER_DIGITS


def score_id(group_id: str, row: int) -> str:
    """Return the id of the score in a row of a group: the id of the group plus the row plus one.

    It is a UUIDv7 too, and says where its score lies, so no index has to know it.

    Examples
    --------
    >>> score_id("01930000-0000-7000-8000-abcdef000000", 0)
    '01930000-0000-7000-8000-abcdef000001'
    """
    return f"{group_id[:-_NUMBER_DIGITS]}{row + 1:06x}"


def place_of(identifier: str) -> tuple[str, int] | None:
    """Return group id and row behind the id of a score, or None for a text that is none."""
    try:
        is_id = str(UUID(identifier)) == identifier
    except ValueError:
        return None
    row = int(identifier[-_NUMBER_DIGITS:], 16) - 1 if is_id else -1
    return None if row < 0 else (identifier[:-_NUMBER_DIGITS] + "0" * _NUMBER_DIGITS, row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One durable score, as it is read back.

    Parameters
    ----------
    score_id : str
        UUIDv7 made by the service, see `score_id`.
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
    details : dict
        What was asked for besides: an ``explanation``, an ``interval``.
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
    details: dict[str, Any] = field(default_factory=dict)


# Not frozen: one is made per request, and a frozen one costs microseconds more. Nobody changes one.
@dataclass(slots=True, kw_only=True)
class ScoreRows:
    """The scores of a group, column by column; every column has one entry per row.

    Parameters
    ----------
    record_keys : list of str
        Business keys as text.
    predictions : list of str or list of float
        The decided classes, or the numbers.
    probabilities : list of float or None
        For a binary model the probability of the second class, for a multiclass model that of the
        decided class; None for regression.
    by_class : list of tuple of float, or None
        Multiclass only: the probability of each class of the group.
    segments : list of str
        Groups of the record by segment, as a JSON object.
    request_ids : list of str
        The request that each row came with.
    details : list of str or None, or None
        Reasons and intervals as a JSON object, for rows that have them; None when no row has.
    subject_key_ids : list of str or None, or None
        The keys of the data subjects; None when the use case has no subjects.
    """

    record_keys: list[str]
    predictions: list[Any]
    probabilities: list[float | None]
    segments: list[str]
    request_ids: list[str]
    by_class: list[tuple[float, ...]] | None = None
    details: list[str | None] | None = None
    subject_key_ids: list[str | None] | None = None

    def __len__(self) -> int:
        return len(self.record_keys)

    def part(self, first: int, end: int) -> ScoreRows:
        """Return the rows from `first` to before `end`."""
        by_class, details, subjects = self.by_class, self.details, self.subject_key_ids
        return ScoreRows(
            record_keys=self.record_keys[first:end],
            predictions=self.predictions[first:end],
            probabilities=self.probabilities[first:end],
            segments=self.segments[first:end],
            request_ids=self.request_ids[first:end],
            by_class=None if by_class is None else by_class[first:end],
            details=None if details is None else details[first:end],
            subject_key_ids=None if subjects is None else subjects[first:end],
        )

    @classmethod
    def joined(cls, parts: Sequence[ScoreRows]) -> ScoreRows:
        """Return the rows of all parts, of one version, before they are stored."""
        if len(parts) == 1:
            return parts[0]
        by_class = details = None
        if parts[0].by_class is not None:
            by_class = [row for part in parts for row in part.by_class or ()]
        if any(part.details is not None for part in parts):
            details = [row for part in parts for row in part.details or [None] * len(part)]
        return cls(
            record_keys=[value for part in parts for value in part.record_keys],
            predictions=[value for part in parts for value in part.predictions],
            probabilities=[value for part in parts for value in part.probabilities],
            segments=[value for part in parts for value in part.segments],
            request_ids=[value for part in parts for value in part.request_ids],
            by_class=by_class,
            details=details,
        )

    def probability_of_classes(self, row: int, classes: tuple[str, ...]) -> dict[str, float]:
        """Return the probabilities of a row by class; empty for regression.

        A binary score keeps the probability of the second class, the first has the rest.
        """
        if self.by_class is not None:
            return dict(zip(classes, self.by_class[row], strict=True))
        second = self.probabilities[row]
        return {} if second is None else {classes[0]: 1.0 - second, classes[1]: second}


class Encoding(StrEnum):
    """How the inputs of a group are written.

    ``rows``: a MessagePack map of ``fields`` (names) and ``columns`` (one array per field), from
    1 KiB on compressed with zstd.
    ``arrow``: one Arrow IPC stream, whose buffers are compressed and whose whole numbers have the
    narrowest type that holds them.
    """

    ROWS = "rows"
    ARROW = "arrow"


# Not frozen either, for the same reason.
@dataclass(slots=True, kw_only=True)
class ScoreGroup:
    """Scores that are committed together, with their filtered inputs.

    All of one use case, version and alias; a group may hold the scores of many requests. The
    groups of one writer form a hash chain: `root` covers the digests of the rows, the writer, the
    sequence and the root before it.

    Parameters
    ----------
    group_id : str
        From `new_group_id`.
    writer_id : str
        The process that wrote it.
    sequence : int
        1, 2, 3 … per writer.
    classes : tuple of str
        Classes by code; empty for regression.
    scores : ScoreRows
        The scores, in row order.
    inputs : bytes
        The stored fields of the records, in row order; see `encoding`.
    row_digests : bytes
        SHA-256 of each row as stored, 32 bytes each, in row order; see
        `crispml_core.serving.row_digests`.
    fallback : bool
        Whether the version served in place of the one that the alias names.
    shadow_of : str or None
        Of shadow scores the group that was answered with: row by row the same records, whose
        inputs are kept there alone.
    """

    group_id: str
    writer_id: str
    sequence: int
    use_case: str
    model: str
    version: str
    alias: str | None
    created_at: datetime
    classes: tuple[str, ...]
    scores: ScoreRows
    inputs: bytes
    encoding: Encoding
    row_digests: bytes
    root: bytes = b""
    previous_root: bytes = b""
    fallback: bool = False
    idempotency_key: str | None = None
    fingerprint: str | None = None
    shadow_of: str | None = None

    @property
    def rows(self) -> int:
        """How many scores the group holds."""
        return len(self.scores)

    def score(self, row: int) -> Score:
        """Return one row as a score."""
        rows = self.scores
        details = rows.details[row] if rows.details is not None else None
        return Score(
            score_id=score_id(self.group_id, row),
            group_id=self.group_id,
            row=row,
            record_key=rows.record_keys[row],
            use_case=self.use_case,
            model=self.model,
            version=self.version,
            prediction=rows.predictions[row],
            probability=rows.probabilities[row],
            scored_at=self.created_at,
            request_id=rows.request_ids[row],
            probabilities=rows.probability_of_classes(row, self.classes),
            segments=json.loads(rows.segments[row]),
            details=json.loads(details) if details else {},
        )


def chain_root(
    previous_root: bytes, writer_id: str, sequence: int, row_digests: Sequence[bytes] | bytes
) -> bytes:
    """Return SHA-256 over the root before, the writer, the sequence and the row digests."""
    rows = row_digests if isinstance(row_digests, bytes) else b"".join(row_digests)
    head = f"{writer_id}:{sequence}:{len(rows) // 32}:".encode()
    return hashlib.sha256(previous_root + head + rows).digest()
