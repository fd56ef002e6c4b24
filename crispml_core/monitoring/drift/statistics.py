"""How far two samples are from each other, and how surprising that is.

An effect does not depend on the sizes of the samples, a p-value does: both samples are finite, so
every test is a two-sample test. Functions take counts per cell, `reference` first; rows that are
missing are in no cell unless the function is about them.

PSI, Jensen-Shannon distance and Cramér's V measure the same departure in three units, and their
p-value is of the same test: Pearson's chi-square of homogeneity, with sparse cells joined.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

FLOOR = 1e-4
"""Least share of a cell in the PSI, which has no value for an empty one."""

SPARSE = 5.0
"""Cells that expect fewer records in one of the samples are joined (Cochran, 1954)."""


def _nothing_to_compare() -> None:
    return None


@dataclass(frozen=True, eq=False)
class Tested:
    """An effect and the test of it, which is made when its p-value is asked for.

    Parameters
    ----------
    effect : float
        How large the difference is.
    test : callable
        Returns the p-value, or None where a test has nothing to compare.
    """

    effect: float
    test: Callable[[], float | None] = _nothing_to_compare

    @cached_property
    def p_value(self) -> float | None:
        """How often a difference so large comes by chance."""
        return self.test()


def shares(counts: np.ndarray) -> np.ndarray:
    """Return the share of each cell; zeros for no records."""
    total = counts.sum()
    return counts / total if total else np.zeros(len(counts))


def psi(reference: np.ndarray, current: np.ndarray) -> float:
    """Return the population stability index in nats, sum of (q - p) ln(q / p).

    Shares below `FLOOR` count as `FLOOR`. Source: Yurdakul, Statistical properties of population
    stability index, 2018.
    """
    p, q = (np.maximum(shares(counts), FLOOR) for counts in (reference, current))
    return float(((q - p) * np.log(q / p)).sum())


def jensen_shannon(reference: np.ndarray, current: np.ndarray) -> float:
    """Return the Jensen-Shannon distance, root of the divergence in bits, 0 to 1.

    Source: Endres and Schindelin, A new metric for probability distributions, 2003.
    """
    p, q = shares(reference), shares(current)
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(one > 0, one * np.log2(one / middle), 0.0).sum() for one in (p, q)]
    return math.sqrt(min(max(sum(parts) / 2, 0.0), 1.0))


def cramers_v(reference: np.ndarray, current: np.ndarray) -> float:
    """Return Cramér's V as it is for two samples of one size, 0 to 1.

    That is the root of half the sum of (p - q)² / (p + q). With the real sizes V would sink the
    more one sample is larger than the other, and a threshold would mean nothing.
    """
    p, q = shares(reference), shares(current)
    both = p + q
    with np.errstate(invalid="ignore"):
        parts = np.where(both > 0, (p - q) ** 2 / np.where(both > 0, both, 1), 0.0)
    return math.sqrt(parts.sum() / 2)


def homogeneity(reference: np.ndarray, current: np.ndarray, *, ordered: bool) -> float | None:
    """Return the p-value of Pearson's chi-square test that both have one distribution.

    Parameters
    ----------
    ordered : bool
        Whether a sparse cell is joined to its neighbour. Else all sparse ones become one cell, with
        the last, which counts what the reference does not have: alone it would be empty there
        because of what it is.
    """
    table = _joined(np.array([reference, current], dtype=float), ordered=ordered)
    if table is None:
        return None
    expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    statistic = ((table - expected) ** 2 / expected).sum()
    if ordered:
        # Bins of equal mass were cut from the reference: its counts are fixed, and the masses of
        # the bins are what varies, Dirichlet with the counts as parameters (Wilks, 1962). Then the
        # counts of the current sample are Dirichlet-multinomial, and Pearson's sum over them alone
        # has this scale. Where values repeat the usual form is right; the smaller one is so always.
        before, now = table
        hoped = before * (now.sum() / before.sum())
        scale = (before.sum() + now.sum()) / before.sum()
        with np.errstate(divide="ignore"):
            statistic = min(statistic, ((now - hoped) ** 2 / hoped).sum() / scale)
    return float(_special().chdtrc(table.shape[1] - 1, statistic))


def kolmogorov_smirnov(reference: np.ndarray, current: np.ndarray) -> Tested:
    """Return the largest distance of the distribution functions at the edges of ordered cells.

    The p-value is that of the two-sample test for continuous values; for bins, whose distance is
    at most that of the values, it is an upper bound. See `ks_error`.
    """
    n, m = reference.sum(), current.sum()
    if not n or not m:
        return Tested(0.0)
    distance = float(np.abs(np.cumsum(shares(reference)) - np.cumsum(shares(current))).max())
    sizes = max(1, round(n * m / (n + m)))
    return Tested(distance, lambda: float(_stats().kstwo.sf(distance, sizes)))


def ks_error(reference: np.ndarray, current: np.ndarray) -> float:
    """Return by how much the exact distance may be larger than the binned one.

    Within a cell both functions rise by the mass that each has there, so their distance grows by
    the smaller of the two masses at most: the largest such mass over the cells.
    """
    return float(np.minimum(shares(reference), shares(current)).max(initial=0.0))


def rate_change(hits: int, of: int, hits_now: int, of_now: int) -> Tested:
    """Return the difference of two shares and the p-value that they are one.

    The pooled z-test of two proportions, or Fisher's exact test where a cell expects fewer than
    `SPARSE` records.
    """
    if not of or not of_now:
        return Tested(0.0)
    effect = hits_now / of_now - hits / of
    pooled = (hits + hits_now) / (of + of_now)
    if pooled in (0.0, 1.0):
        return Tested(effect, lambda: 1.0)
    if min(of, of_now) * min(pooled, 1 - pooled) < SPARSE:
        table = [[hits, of - hits], [hits_now, of_now - hits_now]]
        return Tested(effect, lambda: float(_stats().fisher_exact(table).pvalue))
    error = math.sqrt(pooled * (1 - pooled) * (1 / of + 1 / of_now))
    return Tested(effect, lambda: float(2 * _special().ndtr(-abs(effect) / error)))


def out_of_range(outside: int, of_now: int, of: int) -> Tested:
    """Return the share beyond the least and the largest of `of` values, and its p-value.

    The range was taken from the reference, so that no value of it is outside, and a test of two
    proportions would be wrong. Of continuous values of one distribution the share inside is
    Beta(of - 1, 2), whatever the distribution (Wilks, 1941), so that the number outside is
    beta-binomial. With values that repeat the p-value is an upper bound.
    """
    if of < 2 or not of_now:
        return Tested(0.0)
    if not outside:
        return Tested(0.0, lambda: 1.0)
    return Tested(
        outside / of_now, lambda: float(_stats().betabinom.sf(outside - 1, of_now, 2, of - 1))
    )


def unseen(hits: int, of_now: int, counts: np.ndarray) -> Tested:
    """Return the share of values that the reference does not have, and its p-value.

    A reference lacks rare values by chance. Had a record come after the others, it would have been
    unseen where its value is a singleton: so the share to expect is that of the singletons (Good,
    1953). It is known up to a variance of (singletons + 2 doubletons) / n², which the beta-binomial
    distribution of the number of hits takes in.

    Parameters
    ----------
    hits : int
        Records now whose value has no cell.
    of_now : int
        Records now.
    counts : ndarray
        The reference per value that it has.
    """
    of = int(counts.sum())
    if not of or not of_now:
        return Tested(0.0)
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    effect = hits / of_now
    if not hits or once == of:
        return Tested(effect, lambda: 1.0)
    mean = (once + 1) / (of + 1)
    size = mean * of * of / (once + 2 * twice + 1)
    return Tested(
        effect,
        lambda: float(_stats().betabinom.sf(hits - 1, of_now, mean * size, (1 - mean) * size)),
    )


def mean_shift(reference: tuple[int, float, float], current: tuple[int, float, float]) -> Tested:
    """Return the distance of two means and the p-value of Welch's t-test.

    Parameters
    ----------
    reference, current : tuple
        Count, mean and variance (over n - 1) of each, in standard deviations of the reference.
    """
    (n, mean, spread), (n_now, mean_now, spread_now) = reference, current
    if n < 2 or n_now < 2:
        return Tested(0.0)
    effect = mean_now - mean
    parts = spread / n, spread_now / n_now
    error = sum(parts)
    if error <= 0:
        return Tested(effect, lambda: 1.0 if effect == 0 else 0.0)
    freedom = error**2 / (parts[0] ** 2 / (n - 1) + parts[1] ** 2 / (n_now - 1))
    return Tested(
        effect, lambda: float(2 * _special().stdtr(freedom, -abs(effect) / math.sqrt(error)))
    )


def _stats() -> Any:
    """Return the distributions of scipy, which only a test needs: gauges do without."""
    from scipy import stats

    return stats


def _special() -> Any:
    """Return the functions behind the distributions, which cost a hundredth of them."""
    from scipy import special

    return special


def _joined(table: np.ndarray, *, ordered: bool) -> np.ndarray | None:
    """Return a table without sparse cells, or None when there is nothing to compare."""
    totals = table.sum(1)
    if not totals.all():
        return None
    smaller = totals.min() / totals.sum()
    if not ordered:
        is_sparse = table.sum(0) * smaller < SPARSE
        is_sparse[-1] = True
        rest = table[:, is_sparse].sum(1, keepdims=True)
        order = np.argsort(-table[:, ~is_sparse].sum(0), kind="stable")
        table = np.hstack([rest, table[:, ~is_sparse][:, order[::-1]]])
    joined: list[np.ndarray] = []
    waiting = np.zeros(2)
    for cell in table.T:
        waiting = waiting + cell
        if waiting.sum() * smaller >= SPARSE:
            joined.append(waiting)
            waiting = np.zeros(2)
    if joined and waiting.any():
        joined[-1] = joined[-1] + waiting
    return np.array(joined).T if len(joined) > 1 else None
