"""Whether the intervals and sets that were answered hold the truth as often as they promised."""

from __future__ import annotations

from typing import Any

import numpy as np

from crispml_core.monitoring.intervals import Interval, mean_interval, wilson


def interval_coverage(
    y: np.ndarray, low: np.ndarray, high: np.ndarray, level: np.ndarray
) -> list[dict[str, Any]]:
    """Return by level how often stored intervals held the truth, and how wide they were.

    Parameters
    ----------
    y : ndarray of shape (n,)
        The truth.
    low, high : ndarray of shape (n,)
        The stored bounds, inclusive; a score without an interval has NaN and takes no part.
    level : ndarray of shape (n,)
        The coverage that was promised with each.

    Returns
    -------
    list of dict
        By rising level: ``level``, ``n``, ``coverage`` and the shares ``below`` and ``above`` with
        Wilson's intervals, the mean ``width``, the mean ``interval_score`` and whether the
        coverage ``holds``. The interval score is the width plus 2 / (1 - level) times how far the
        truth lies outside (Gneiting and Raftery 2007, section 6.2); (1 - level) / 2 times it is the
        sum of the pinball losses of the two bounds as quantiles. Smaller is better.
    """
    known = np.isfinite(low) & np.isfinite(high) & np.isfinite(level) & np.isfinite(y)
    found = []
    for promised in np.unique(level[known]).tolist():
        rows = known & (level == promised)
        truth, lower, upper = y[rows], low[rows], high[rows]
        n, below, above = len(truth), int((truth < lower).sum()), int((truth > upper).sum())
        outside = np.maximum(lower - truth, 0.0) + np.maximum(truth - upper, 0.0)
        coverage = wilson(n - below - above, n)
        found.append(
            {
                "level": promised,
                "n": n,
                "coverage": coverage,
                "below": wilson(below, n),
                "above": wilson(above, n),
                "width": mean_interval(upper - lower, 0.0),
                "interval_score": mean_interval(upper - lower + 2 / (1 - promised) * outside, 0.0),
                "holds": _holds(coverage, promised),
            }
        )
    return found


def set_coverage(covered: np.ndarray, sizes: np.ndarray, level: np.ndarray) -> list[dict[str, Any]]:
    """Return by level how often stored sets of classes held the truth, and how large they were.

    Parameters
    ----------
    covered : ndarray of bool, shape (n,)
        Whether the true class is in the set.
    sizes : ndarray of int, shape (n,)
        How many classes are in it.
    level : ndarray of shape (n,)
        The coverage that was promised; a score without a set has NaN and takes no part.

    Returns
    -------
    list of dict
        By rising level: ``level``, ``n``, ``coverage`` with Wilson's interval, the ``mean_size``,
        the share ``refer`` of sets that are not one class, and whether the coverage ``holds``.
    """
    found = []
    for promised in np.unique(level[np.isfinite(level)]).tolist():
        rows = level == promised
        n = int(rows.sum())
        coverage = wilson(int(covered[rows].sum()), n)
        found.append(
            {
                "level": promised,
                "n": n,
                "coverage": coverage,
                "mean_size": mean_interval(sizes[rows].astype(float), 0.0),
                "refer": wilson(int((sizes[rows] != 1).sum()), n),
                "holds": _holds(coverage, promised),
            }
        )
    return found


def _holds(coverage: Interval, promised: float) -> bool:
    """Return whether the truth can be covered as often as promised; more often is no fault."""
    return coverage["high"] is not None and coverage["high"] >= promised
