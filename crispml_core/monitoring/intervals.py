"""Confidence intervals at level 0.95.

Which interval belongs to which KPI:

* AUC: DeLong's variance on the logit scale, so that the bounds stay inside [0, 1].
* Proportions (accuracy, precision, recall): Wilson.
* Means (Brier score, log loss, expected cost, mean absolute error): the normal interval of a mean.
* Root mean squared error: the delta method on the mean of the squared errors.
* Average precision, F1, macro F1: a percentile bootstrap of counts, stratified by the true class,
  with a fixed seed and `RESAMPLES` resamples.
* R2: the same over records; of more than `BOOTSTRAP_ROWS` of them the delta method.

All of it costs about a sort of the records and a bounded rest, because a report asks for the KPIs
of every group, version and part of its period.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import TypedDict

import numpy as np

LEVEL = 0.95
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)
RESAMPLES = 300
BOOTSTRAP_ROWS = 2_000
BOOTSTRAP_CELLS = 256
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


def wilson(successes: float, n: float) -> Interval:
    """Return a proportion with Wilson's score interval (Wilson 1927).

    Parameters
    ----------
    successes : float
        How many of the `n` trials succeeded; a tie may count one half.
    n : float
        Number of trials, or how many would be as good; 0 gives None throughout.
    """
    if n <= 0:
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

    The values are summed in rising order, so the order that they come in does not matter.
    """
    n = len(values)
    if n == 0:
        return interval(None)
    ordered = np.sort(values)
    mean = float(ordered.sum()) / n
    if n == 1:
        return interval(mean)
    half = Z * math.sqrt(float(((ordered - mean) ** 2).sum()) / (n - 1) / n)
    return interval(mean, max(minimum, mean - half), min(maximum, mean + half))


def counted_mean(values: np.ndarray, counts: np.ndarray) -> Interval:
    """Return `mean_interval` of few values, each of which occurs so many times.

    The bounds are cut at the smallest and the largest of the values, whether they occur or not.
    """
    n = int(counts.sum())
    if n == 0:
        return interval(None)
    mean = math.fsum(values * counts) / n
    if n == 1:
        return interval(mean)
    half = Z * math.sqrt(math.fsum((values - mean) ** 2 * counts) / (n - 1) / n)
    return interval(
        mean, max(float(values.min()), mean - half), min(float(values.max()), mean + half)
    )


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


def auc_interval(value: float | None, variance: float | None, smallest_class: float) -> Interval:
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
    smallest_class : float
        Records of the class that has fewest, or how many would be as good.
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
    value: float, draws: np.ndarray, centre: float, minimum: float = -math.inf
) -> Interval:
    """Return a statistic with its percentile bootstrap interval.

    Parameters
    ----------
    value : float
        The statistic over all rows.
    draws : ndarray of shape (RESAMPLES,)
        The statistic of each resample.
    centre : float
        The statistic of what the resamples were drawn from; the distance of the percentiles from it
        counts.
    minimum : float, optional
        A bound that the statistic cannot pass from above; the other bound is 1.
    """
    low, high = percentiles(draws)
    return interval(value, max(minimum, value + (low - centre)), min(1.0, value + (high - centre)))


def resampled_rows(rows: int) -> np.ndarray:
    """Return how often each row is drawn in each resample, shape (RESAMPLES, rows)."""
    drawn = np.random.default_rng(_SEED).integers(0, rows, (RESAMPLES, rows))
    drawn += rows * np.arange(RESAMPLES)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=RESAMPLES * rows)
    return counts.reshape(RESAMPLES, rows).astype(float)


def resampled_counts(counts: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return resamples of records that are counted by cell, each of shape (RESAMPLES, cells).

    Drawing the records of a stratum with replacement is drawing their cells from a multinomial, so
    no record is touched and any number of them costs the same.

    Parameters
    ----------
    counts : sequence of ndarray of shape (cells,)
        Records by cell, for each stratum; a stratum keeps its size in every resample.
    """
    rng = np.random.default_rng(_SEED)
    return [
        rng.multinomial(int(stratum.sum()), stratum / stratum.sum(), size=RESAMPLES)
        if stratum.sum()
        else np.zeros((RESAMPLES, len(stratum)))
        for stratum in counts
    ]


def resampled_confusions(matrix: np.ndarray) -> np.ndarray:
    """Return the confusion matrices of the stratified bootstrap, shape (RESAMPLES, k, k)."""
    return np.stack(resampled_counts(list(matrix)), axis=1).astype(float)


def percentiles(draws: np.ndarray) -> tuple[float, float]:
    """Return the two percentiles that leave half of 1 - LEVEL outside on each side."""
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
