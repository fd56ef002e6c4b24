"""The decision threshold of least cost."""

from __future__ import annotations

import math

import numpy as np

from crispml_core.domain.targets import CostMatrix
from crispml_core.monitoring.ranking import run_ends


def best_threshold(y: np.ndarray, p: np.ndarray, costs: CostMatrix) -> float:
    """Return the threshold of least mean cost on the given records, in O(n log n).

    Every way to cut the records by their probability is tried, all and none among them. A threshold
    lies in the middle between its two neighbouring probabilities, because on a probability itself a
    rounding error of another runtime would flip the decision. Of thresholds with the same cost the
    one nearest to 0.5 wins, then the lower one.

    Parameters
    ----------
    y : ndarray of shape (n,)
        The truth, 0 or 1.
    p : ndarray of shape (n,)
        The probability of class 1.
    costs : CostMatrix
        What the four outcomes cost.

    Returns
    -------
    float
        Class 1 is decided where ``p >= threshold``; 0.5 for no records at all.
    """
    if len(y) == 0:
        return 0.5
    order = np.argsort(-p, kind="stable")
    ends = run_ends(p[order])
    hits = np.cumsum(y[order] == 1)
    tp = np.concatenate(([0], hits[ends]))
    fp = np.concatenate(([0], ends + 1 - hits[ends]))
    cost = (
        tp * costs.true_positive
        + fp * costs.false_positive
        + (hits[-1] - tp) * costs.false_negative
        + (len(y) - hits[-1] - fp) * costs.true_negative
    )
    cuts = _cuts(p[order][ends])
    scale = len(y) * max(abs(value) for value in (costs.false_positive, costs.false_negative))
    cheapest = cuts[cost <= cost.min() + 1e-12 * scale]
    nearest = np.abs(cheapest - 0.5)
    return float(cheapest[nearest == nearest.min()].min())


def _cuts(falling: np.ndarray) -> np.ndarray:
    """Return one threshold above each distinct probability, and one that lets all pass."""
    upper = np.concatenate(([1.0], falling))
    lower = np.concatenate((falling, [0.0]))
    middle = (upper + lower) / 2
    # Where two probabilities are neighbours as floats, their middle rounds to one of them.
    cuts = np.where((middle > lower) & (middle <= upper), middle, upper)
    if falling[0] >= 1:
        cuts[0] = math.nextafter(1.0, 2.0)
    if falling[-1] <= 0:
        cuts[-1] = 0.0
    return np.asarray(cuts)
