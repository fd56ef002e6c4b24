"""The window in parts, so that a trend is visible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from crispml_core.monitoring.intervals import Interval, wilson
from crispml_core.tables.joined import Joined, text_of

MOST = 14
_HOUR, _DAY = 3_600, 86_400
# Lengths that a person thinks in, in seconds; what is longer is cut into twice as much.
_LENGTHS = (*(hours * _HOUR for hours in (1, 6)), *(days * _DAY for days in (1, 7, 28, 91, 364)))
# Parts begin where weeks do: a Monday, at midnight UTC.
_ORIGIN = np.datetime64("1970-01-05T00:00:00", "us")


@dataclass(frozen=True, slots=True, eq=False)
class Periods:
    """Parts of equal length, counted from the first score on.

    Parameters
    ----------
    starts : ndarray of datetime64, shape (parts + 1,)
        Where each part starts; the last one is where the last part ends.
    codes : ndarray of int, shape (n,)
        The part of each score.
    """

    starts: np.ndarray
    codes: np.ndarray

    def __len__(self) -> int:
        return max(0, len(self.starts) - 1)


def periods(scored_at: np.ndarray) -> Periods:
    """Cut scores into at most `MOST` parts of an hour, a day, a week or the like.

    Parameters
    ----------
    scored_at : ndarray of datetime64, shape (n,)
        When each score was made.
    """
    if len(scored_at) == 0:
        return Periods(np.empty(0, "datetime64[us]"), np.empty(0, np.int64))
    since = (scored_at - _ORIGIN).astype(np.int64) // 1_000_000
    lengths = iter(_LENGTHS)
    length = next(lengths)
    while since.max() // length - since.min() // length >= MOST:
        length = next(lengths, 2 * length)
    numbers = since // length
    first = int(numbers.min())
    edges = np.arange(first, int(numbers.max()) + 2) * length
    return Periods(_ORIGIN + edges * np.timedelta64(1_000_000, "us"), numbers - first)


def over_time(
    scores: Joined,
    parts: Periods,
    evaluate: Callable[[np.ndarray], dict[str, Interval]],
    min_group: int,
) -> list[dict[str, Any]]:
    """Return scores, label coverage and KPIs of each part.

    Parameters
    ----------
    evaluate : callable
        Returns the KPIs of the rows at the given positions.
    min_group : int
        A part with fewer usable labels has no KPIs.
    """
    found = []
    for number in range(len(parts)):
        rows = np.flatnonzero(parts.codes == number)
        labelled = int(np.count_nonzero(scores.labelled[rows]))
        usable = int(np.count_nonzero(scores.usable[rows]))
        found.append(
            {
                "start": text_of(parts.starts[number]),
                "end": text_of(parts.starts[number + 1]),
                "scored": len(rows),
                "labelled": labelled,
                "coverage": wilson(labelled, len(rows)),
                "kpis": evaluate(rows) if usable >= min_group else None,
            }
        )
    return found
