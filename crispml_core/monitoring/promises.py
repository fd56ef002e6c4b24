"""How often intervals and sets of classes held the truth, and what that cost in width or size."""

from __future__ import annotations

from typing import Any

import numpy as np

from crispml_core.monitoring.intervals import mean_interval, wilson


def interval_counts(
    y: np.ndarray, low: np.ndarray, high: np.ndarray, level: float
) -> dict[str, Any]:
    """Return how intervals that promised a coverage did.

    Parameters
    ----------
    y : ndarray of shape (n,)
        The truth.
    low, high : ndarray of shape (n,)
        The bounds, inclusive.
    level : float
        The coverage that was promised, below 1.

    Returns
    -------
    dict
        ``coverage`` and the shares ``below`` and ``above`` with Wilson's intervals, the mean
        ``width`` and the mean ``interval_score`` with normal ones. The interval score is the width
        plus 2 / (1 - level) times how far the truth lies outside (Gneiting and Raftery 2007,
        section 6.2); (1 - level) / 2 times it is the sum of the pinball losses of the two bounds
        as quantiles. Smaller is better.
    """
    n, below, above = len(y), int((y < low).sum()), int((y > high).sum())
    outside = np.maximum(low - y, 0.0) + np.maximum(y - high, 0.0)
    return {
        "coverage": wilson(n - below - above, n),
        "below": wilson(below, n),
        "above": wilson(above, n),
        "width": mean_interval(high - low, 0.0),
        "interval_score": mean_interval(high - low + 2 / (1 - level) * outside, 0.0),
    }


def set_counts(covered: np.ndarray, sizes: np.ndarray) -> dict[str, Any]:
    """Return how sets of classes did.

    Parameters
    ----------
    covered : ndarray of bool, shape (n,)
        Whether the true class is in the set.
    sizes : ndarray of int, shape (n,)
        How many classes are in it.

    Returns
    -------
    dict
        ``coverage`` with Wilson's interval, the ``mean_size``, and the share ``refer`` of sets that
        are not one class.
    """
    n = len(sizes)
    return {
        "coverage": wilson(int(covered.sum()), n),
        "mean_size": mean_interval(sizes.astype(float), 0.0),
        "refer": wilson(int((sizes != 1).sum()), n),
    }
