"""Comparing a rate or a mean of one group with that of another."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import fisher_exact, norm
from scipy.stats import t as student

from crispml_core.monitoring.intervals import LEVEL, Interval, Z, interval, wilson

_EXACT_BELOW = 5.0


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of so many records of a group."""

    hits: int
    n: int

    @property
    def interval(self) -> Interval:
        """The share with Wilson's interval."""
        return wilson(self.hits, self.n)


@dataclass(frozen=True, slots=True)
class Moments:
    """Number, mean and variance of the values of a group."""

    n: int
    mean: float
    variance: float

    @classmethod
    def of(cls, values: np.ndarray) -> Moments:
        """Return the moments of values, the same in whatever order they come."""
        n = len(values)
        if n == 0:
            return cls(0, 0.0, 0.0)
        mean = math.fsum(values) / n
        variance = math.fsum((values - mean) ** 2) / (n - 1) if n > 1 else math.inf
        return cls(n, mean, variance)

    @property
    def interval(self) -> Interval:
        """The mean with the interval of Student."""
        if self.n < 2:
            return interval(self.mean if self.n else None)
        half = float(student.ppf((1 + LEVEL) / 2, self.n - 1)) * math.sqrt(self.variance / self.n)
        return interval(self.mean, self.mean - half, self.mean + half)


def difference(one: Rate, other: Rate) -> Interval:
    """Return the difference of two rates with Newcombe's interval, from those of Wilson.

    Method 10 of Newcombe (1998), Interval Estimation for the Difference between Independent
    Proportions.
    """
    a, b = one.interval, other.interval
    if a["value"] is None or b["value"] is None:
        return interval(None)
    assert a["low"] is not None and a["high"] is not None  # noqa: PT018
    assert b["low"] is not None and b["high"] is not None  # noqa: PT018
    value = a["value"] - b["value"]
    below = math.hypot(a["value"] - a["low"], b["high"] - b["value"])
    above = math.hypot(a["high"] - a["value"], b["value"] - b["low"])
    return interval(value, value - below, value + above)


def ratio(one: Rate, other: Rate) -> Interval:
    """Return the ratio of two rates with the interval of its logarithm.

    Katz et al. (1978), Obtaining Confidence Intervals for the Risk Ratio; where a count is 0, one
    half is added to the counts of both (Walter 1975). None when the other rate is 0.
    """
    if one.n == 0 or other.hits == 0:
        return interval(None)
    half = 0.0 if one.hits else 0.5
    hits, of = one.hits + half, one.n + half
    hits_other, of_other = other.hits + half, other.n + half
    centre = math.log(hits / of) - math.log(hits_other / of_other)
    error = math.sqrt(max(0.0, 1 / hits - 1 / of + 1 / hits_other - 1 / of_other))
    value = (one.hits / one.n) / (other.hits / other.n)
    return interval(value, math.exp(centre - Z * error), math.exp(centre + Z * error))


def rates_p_value(one: Rate, other: Rate) -> float | None:
    """Return the p-value of two rates being equal: Pearson's chi-square test without correction.

    Where a count of fewer than 5 would be expected, Fisher's exact test. None without records.
    """
    n, hits = one.n + other.n, one.hits + other.hits
    if one.n == 0 or other.n == 0:
        return None
    pooled = hits / n
    if pooled in (0.0, 1.0):
        return 1.0
    if min(one.n, other.n) * min(pooled, 1 - pooled) < _EXACT_BELOW:
        table = [[one.hits, one.n - one.hits], [other.hits, other.n - other.hits]]
        return float(fisher_exact(table).pvalue)
    error = math.sqrt(pooled * (1 - pooled) * (1 / one.n + 1 / other.n))
    return float(2 * norm.sf(abs(one.hits / one.n - other.hits / other.n) / error))


def mean_difference(
    one: Moments, other: Moments, scale: float = 1.0
) -> tuple[Interval, float | None]:
    """Return the difference of two means in units of `scale`, with interval and p-value.

    Both are those of Welch (1947). None with fewer than two values in a group.
    """
    if one.n < 2 or other.n < 2 or not scale > 0:
        return interval(None), None
    value = (one.mean - other.mean) / scale
    parts = (one.variance / one.n, other.variance / other.n)
    error = math.sqrt(sum(parts)) / scale
    if error == 0:
        return interval(value, value, value), 1.0 if value == 0 else 0.0
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (one.n - 1) + parts[1] ** 2 / (other.n - 1))
    half = float(student.ppf((1 + LEVEL) / 2, freedom)) * error
    p = float(2 * student.sf(abs(value) / error, freedom))
    return interval(value, value - half, value + half), p
