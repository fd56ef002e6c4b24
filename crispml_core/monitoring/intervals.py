"""Confidence intervals at level 0.95.

Which interval belongs to which KPI:

* AUC: DeLong's variance on the logit scale, so that the bounds stay inside [0, 1].
* Proportions (accuracy, precision, recall): Wilson.
* Means (Brier score, log loss, expected cost, mean absolute error): the normal interval of a mean.
* Root mean squared error: the delta method on the mean of the squared errors.
* Average precision, F1, macro F1, R2: a percentile bootstrap, stratified by the true class where
  there are classes, with a fixed seed and `RESAMPLES` resamples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import TypedDict

import numpy as np

LEVEL = 0.95
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)
RESAMPLES = 300
BOOTSTRAP_ROWS = 20_000
_SEED = 20_000


class Interval(TypedDict):
    """A KPI with the bounds of its confidence interval; None where it is undefined."""

    value: float | None
    low: float | None
    high: float | None


def interval(value: float | None, low: float | None = None, high: float | None = None) -> Interval:
    """Return the triple; bounds that fell on the wrong side of the value are moved to it."""
    if value is None or low is None or high is None:
        return {"value": value, "low": None, "high": None}
    return {"value": value, "low": min(low, value), "high": max(high, value)}


def wilson(successes: float, n: int) -> Interval:
    """Return a proportion with Wilson's score interval (Wilson 1927).

    Parameters
    ----------
    successes : float
        How many of the `n` trials succeeded; a tie may count one half.
    n : int
        Number of trials; 0 gives None throughout.
    """
    if n == 0:
        return interval(None)
    share = successes / n
    scale = 1 + Z**2 / n
    centre = (share + Z**2 / (2 * n)) / scale
    half = Z / scale * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return interval(share, max(0.0, centre - half), min(1.0, centre + half))


def mean_interval(
    values: np.ndarray, minimum: float = -math.inf, maximum: float = math.inf
) -> Interval:
    """Return a mean with its normal interval, cut at the bounds that the mean cannot pass.

    Sums are exactly rounded, so the order of the values does not matter.
    """
    n = len(values)
    if n == 0:
        return interval(None)
    mean = math.fsum(values) / n
    if n == 1:
        return interval(mean)
    half = Z * math.sqrt(math.fsum((values - mean) ** 2) / (n - 1) / n)
    return interval(mean, max(minimum, mean - half), min(maximum, mean + half))


def rmse_interval(errors: np.ndarray) -> Interval:
    """Return the root mean squared error; se(rmse) = se(mse) / (2 rmse) by the delta method."""
    squared = mean_interval(errors**2)
    value, high = squared["value"], squared["high"]
    if value is None:
        return interval(None)
    root = math.sqrt(value)
    if high is None:
        return interval(root)
    half = (high - value) / (2 * root) if root > 0 else 0.0
    return interval(root, max(0.0, root - half), root + half)


def auc_interval(value: float | None, variance: float | None, smallest_class: int) -> Interval:
    """Return an AUC with its interval on the logit scale.

    At 0 and 1 the logit is infinite and DeLong's variance is 0, and with a single record of a class
    there is no variance. Then the bounds are Wilson's for as many trials as the smaller class has
    records: so many pairs of a positive and a negative record share no record, and each is ranked
    right with a probability that is the AUC.

    Parameters
    ----------
    value : float or None
        The AUC.
    variance : float or None
        See `crispml_core.monitoring.ranking.auc_variance`.
    smallest_class : int
        Records of the class that has fewest.
    """
    if value is None:
        return interval(None)
    if variance is None or value <= 0 or value >= 1:
        pairs = wilson(value * smallest_class, smallest_class)
        return interval(value, pairs["low"], pairs["high"])
    centre = math.log(value / (1 - value))
    half = Z * math.sqrt(variance) / (value * (1 - value))
    return interval(value, _expit(centre - half), _expit(centre + half))


def bootstrap_interval(
    value: float | None,
    strata: Sequence[np.ndarray],
    statistic_of: Callable[[np.ndarray], Callable[[np.ndarray], float]],
    minimum: float = -math.inf,
) -> Interval:
    """Return a statistic of rows with its percentile bootstrap interval.

    The seed is fixed. With more than `BOOTSTRAP_ROWS` rows, so many are drawn once and the
    bootstrap runs on them. The distance of its percentiles from their own statistic is then shrunk
    by the root of the drawn share, because the spread of these statistics falls with the root of
    the number of rows.

    Parameters
    ----------
    value : float or None
        The statistic over all rows.
    strata : sequence of ndarray
        Row positions by stratum; each stratum keeps its size in every resample.
    statistic_of : callable
        Called once with the rows to use, returns a function from their weights to the statistic.
    minimum : float, optional
        A bound that the statistic cannot pass from above; the other bound is 1.
    """
    if value is None:
        return interval(None)
    rng = np.random.default_rng(_SEED)
    total = sum(map(len, strata))
    share = min(1.0, BOOTSTRAP_ROWS / total)
    kept = [
        part if share == 1 else rng.choice(part, max(1, round(share * len(part))), replace=False)
        for part in strata
    ]
    sizes = [len(part) for part in kept]
    statistic = statistic_of(np.concatenate(kept))
    draws = np.empty(RESAMPLES)
    for number in range(RESAMPLES):
        weights = [np.bincount(rng.integers(n, size=n), minlength=n) for n in sizes]
        draws[number] = statistic(np.concatenate(weights).astype(float))
    centre = statistic(np.ones(sum(sizes)))
    low, high = percentiles(draws)
    shrink = math.sqrt(sum(sizes) / total)
    return interval(
        value,
        max(minimum, value + (low - centre) * shrink),
        min(1.0, value + (high - centre) * shrink),
    )


def resampled_confusions(matrix: np.ndarray) -> np.ndarray:
    """Return the confusion matrices of the stratified bootstrap, shape (RESAMPLES, k, k).

    Drawing the records of a true class with replacement is drawing its row of the matrix from a
    multinomial, so no record is touched and any number of rows costs the same.
    """
    rng = np.random.default_rng(_SEED)
    rows = [
        rng.multinomial(int(row.sum()), row / row.sum(), size=RESAMPLES)
        if row.sum()
        else np.zeros((RESAMPLES, len(row)))
        for row in matrix
    ]
    return np.stack(rows, axis=1).astype(float)


def percentiles(draws: np.ndarray) -> tuple[float, float]:
    """Return the two percentiles that leave half of 1 - LEVEL outside on each side."""
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
