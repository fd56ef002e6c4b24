"""Labels and their imports: what became of each, ids, and what two clocks may differ by."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

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
    """Ground truth for one record, named by `score_id` or by `record_key`.

    Parameters
    ----------
    label_time : datetime
        When the truth was known.
    scored_until : datetime or None
        Beside a `record_key`: the label is about the last score of that record that was made at or
        before this moment, and not about every score of it.
    propensity : float or None
        The logged probability, in (0, 1], that this case would get a label; where only some cases
        get one, a report can correct for that with it.
    """

    value: str | float
    label_time: datetime
    score_id: str | None = None
    record_key: str | None = None
    source: str = ""
    propensity: float | None = None
    scored_until: datetime | None = None


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
    propensity: float | None = None
    scored_until: datetime | None = None


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
