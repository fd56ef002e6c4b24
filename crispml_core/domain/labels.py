"""Imports of labels: their size, their ids, and what the clocks of two machines may differ by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from crispml_core.domain.scores import MAX_GROUP_ROWS, new_group_id, score_id

CLOCK_TOLERANCE = timedelta(minutes=5)
"""A moment may be so far in the future, and a label so far before its score: clocks differ."""

MAX_IMPORT_ROWS = MAX_GROUP_ROWS
"""Most rows of one import: their numbers are the last 24 bits of the ids of the labels."""


def new_import_id() -> str:
    """Make the id of an import: a UUIDv7 whose last 24 bits are zero."""
    return new_group_id()


def label_id(import_id: str, row: int) -> str:
    """Return the id of the label in a row of an import, which says where it came from.

    Examples
    --------
    >>> label_id("01930000-0000-7000-8000-abcdef000000", 0)
    '01930000-0000-7000-8000-abcdef000001'
    """
    return score_id(import_id, row)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedLabels:
    """What an import of any size stored.

    Parameters
    ----------
    row_count : int
        How many rows it had.
    counts : dict
        Rows per verdict.
    """

    import_id: str
    use_case: str
    received_at: datetime
    row_count: int
    counts: dict[str, int]
