"""Whether a probability means what it says."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TypedDict

import numpy as np

from crispml_core.monitoring.intervals import wilson
from crispml_core.monitoring.ranking import rank


class CalibrationBin(TypedDict):
    """Records of similar probability: the mean they were promised and the share that came true."""

    count: int
    predicted: float
    observed: float
    low: float
    high: float


def calibration_curve(y: np.ndarray, p: np.ndarray, bins: int = 10) -> list[CalibrationBin]:
    """Return bins of about equal mass, each with Wilson's interval of the observed share.

    Equal probabilities stay in one bin, so there are fewer bins where many are equal.

    Parameters
    ----------
    y : ndarray of shape (n,)
        What came true, 0 or 1.
    p : ndarray of shape (n,)
        The probability that was promised.
    bins : int
        How many bins to aim at.
    """
    if len(y) == 0:
        return []
    ranked = rank(y, p)
    inner = np.unique(ranked.p[np.arange(1, bins) * len(y) // bins])
    edges = np.concatenate(([0], np.searchsorted(ranked.p, inner), [len(y)]))
    curve: list[CalibrationBin] = []
    for start, end in pairwise(edges.tolist()):
        if start == end:
            continue
        share = wilson(int(ranked.y[start:end].sum()), end - start)
        observed, low, high = share["value"], share["low"], share["high"]
        assert observed is not None and low is not None and high is not None  # noqa: PT018
        curve.append(
            {
                "count": end - start,
                "predicted": float(ranked.p[start:end].sum()) / (end - start),
                "observed": observed,
                "low": low,
                "high": high,
            }
        )
    return curve


def expected_calibration_error(curve: list[CalibrationBin]) -> float | None:
    """Return the mean distance of promised and observed shares, each record counting once."""
    total = sum(part["count"] for part in curve)
    if total == 0:
        return None
    return (
        math.fsum(part["count"] * abs(part["predicted"] - part["observed"]) for part in curve)
        / total
    )
