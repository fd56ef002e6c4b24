"""Batches: very many records from a source whose scores go to a sink."""

from __future__ import annotations

from dataclasses import dataclass, field

from crispml_core.domain.datasets import StoredFile
from crispml_core.domain.errors import Conflict

MAX_CHUNK_ROWS = 1_000_000
"""Most rows that are scored and committed together."""

Stamp = tuple[int, int]
"""Size of a file in bytes, and when it was changed, in nanoseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPlan:
    """What was found in a source that keeps every rule; it holds until the batch ends.

    Parameters
    ----------
    source : tuple of StoredFile
        The files, in the order in which they are read. A run that is taken up again goes on only
        with the same bytes.
    rows : int
        How many records they have.
    """

    source: tuple[StoredFile, ...]
    rows: int

    def chunks(self, size: int) -> int:
        """Return how many chunks of `size` rows there are."""
        return -(-self.rows // size)

    def rows_of(self, number: int, size: int) -> int:
        """Return how many rows a chunk has; the last may have fewer than `size`."""
        return max(0, min(size, self.rows - number * size))


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPart:
    """One file of scores.

    Parameters
    ----------
    rows : int
        How many scores it has, in the order of the source.
    group_id : str
        The group of the ledger that holds the same scores.
    """

    name: str
    rows: int
    size: int
    sha256: str
    group_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchManifest:
    """What lies in a sink; written last, so that a sink with a manifest is complete.

    Parameters
    ----------
    alias : str or None
        The alias that led to the version; None when the caller named the version.
    fallback : bool
        Whether the version answered in place of the one that the alias named.
    first_score_id, last_score_id : str
        Of the first and the last record of the source.
    """

    run_id: str
    use_case: str
    model: str
    version: str
    alias: str | None
    fallback: bool
    rows: int
    first_score_id: str
    last_score_id: str
    parts: tuple[BatchPart, ...] = field(default=())


def source_changed() -> Conflict:
    """Make the error for a source that is not what it was when its batch began."""
    return Conflict(
        "source: its bytes are not those that the run began with, so a part of its scores would "
        "belong to other records; start a new run"
    )
