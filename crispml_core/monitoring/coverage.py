"""How much of what was scored is labelled, and how late the truth came."""

from __future__ import annotations

from typing import TypedDict

import numpy as np


class Lag(TypedDict):
    """Seconds from a score to the time of its label; None without labels."""

    median_s: float | None
    p90_s: float | None
    max_s: float | None
    negative: int


def coverage(scored: int, labelled: int) -> float | None:
    """Return the share of scores that have a label; None when nothing was scored."""
    return labelled / scored if scored else None


def label_lag(scored_at: np.ndarray, label_time: np.ndarray) -> Lag:
    """Return how long after the score its label became true.

    Parameters
    ----------
    scored_at, label_time : ndarray of datetime64, shape (n,)
        One pair per labelled score.

    Returns
    -------
    dict
        Median, 90th percentile and maximum in seconds. A truth older than its score counts as 0;
        ``negative`` says how many there are.
    """
    seconds = (label_time - scored_at) / np.timedelta64(1, "s")
    if len(seconds) == 0:
        return {"median_s": None, "p90_s": None, "max_s": None, "negative": 0}
    waited = np.maximum(seconds, 0.0)
    median, p90 = np.quantile(waited, [0.5, 0.9])
    return {
        "median_s": float(median),
        "p90_s": float(p90),
        "max_s": float(waited.max()),
        "negative": int((seconds < 0).sum()),
    }
