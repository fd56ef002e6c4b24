"""Fitting conformal tables, and holding their coverage against what theory says.

Given the calibration records, the coverage of a split-conformal answer whose bound is the k-th of n
scores is Beta(k, n + 1 - k) distributed, so among m further records the covered ones are
beta-binomial (Vovk 2012, Conditional Validity of Inductive Conformal Predictors).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import betabinom

from crispml_core.domain.conformal import LOWEST_LEVEL, ConformalRule, ConformalTable
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.targets import Task

LEVELS = (0.8, 0.9, 0.95)
BAND = 0.99
"""The probability of the band in which the coverage on ``test`` must lie."""

_PLACES = 4_001
_REACH = 15.0  # standard deviations; even an exponential tail has no mass beyond

MOST_KEPT = 512
"""Order statistics in a table; it lies in the manifest, so it is a matter of a few kilobytes."""


def fit_conformal(task: Task, y: np.ndarray, answers: np.ndarray) -> ConformalTable | None:
    """Calibrate on records that the model has not learnt from.

    Parameters
    ----------
    task : str
        ``binary``, ``multiclass`` or ``regression``.
    y : ndarray of shape (n,)
        The truth: class codes, or numbers.
    answers : ndarray of shape (n, n_classes) or (n,)
        Probabilities by class, or the predicted numbers.

    Returns
    -------
    ConformalTable or None
        None when there is no record, or an answer that is not a finite number.
    """
    scores = np.sort(_scores(task, y, answers))
    n = len(scores)
    if n == 0 or not np.isfinite(scores).all():
        return None
    # Of equal scores the highest rank: each of them covers as much.
    ranks = np.unique(np.searchsorted(scores, scores[_wanted_ranks(n) - 1], side="right"))
    return ConformalTable(
        "interval" if task == "regression" else "label_set",
        n,
        tuple(ranks.tolist()),
        tuple(scores[ranks - 1].tolist()),
    )


def conformal_coverage(
    table: ConformalTable,
    task: Task,
    y: np.ndarray,
    answers: np.ndarray,
    levels: tuple[float, ...] = LEVELS,
) -> dict[str, Any]:
    """Return the coverage on further records, level by level, with the band it must lie in.

    Parameters
    ----------
    table : ConformalTable
        What was fitted.
    task, y, answers
        As in `fit_conformal`, of records that neither the model nor the table has seen.
    levels : tuple of float
        Those that the table does not support are left out.

    Returns
    -------
    dict
        ``kind``, ``n`` (calibration records), ``rows``, ``highest_level``, ``band``, ``levels``
        (per level ``coverage``, ``low``, ``high``, ``inside``, and the share ``refer`` of label
        sets that are not one class or the ``width`` of the interval), ``inside`` over all of them
        and a ``note``, empty when they are.
    """
    found = []
    for level in levels:
        try:
            rule = table.at(level)
        except InvalidInput:
            continue
        found.append(_at_level(rule, table.n, task, y, answers))
    outside = [f"{part['level']:g}" for part in found if not part["inside"]]
    return {
        "kind": table.kind,
        "n": table.n,
        "rows": len(y),
        "highest_level": table.highest_level,
        "band": BAND,
        "levels": found,
        "inside": not outside,
        "note": _note(outside, found),
    }


def covered(rule: ConformalRule, task: Task, y: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Return, for each record, whether the answer at a level holds the truth."""
    if task == "regression":
        return np.asarray(_scores(task, y, answers) <= rule.bound)
    return np.asarray(answers[np.arange(len(y)), y.astype(np.int64)] >= rule.least_probability)


def coverage_band(rule: ConformalRule, n: int, rows: int) -> tuple[float, float]:
    """Return the central band of the share of `rows` further records that are covered.

    Where scores are equal, or some were left out of the table, the bound covers more than the rank
    that the level needs, up to the rank that was kept: the band reaches from one to the other.
    """
    low, _ = _central_band(rows, rule.rank, n)
    _, high = _central_band(rows, rule.kept, n)
    return low, high


def _central_band(rows: int, rank: int, n: int) -> tuple[float, float]:
    # betabinom.ppf sums the masses anew at each step of its search, and a mass costs a microsecond:
    # of a million rows a few thousand places are looked at, where the distribution lies.
    found = betabinom(rows, rank, n + 1 - rank)
    reach = _REACH * found.std()
    lowest, highest = max(0, int(found.mean() - reach)), min(rows, int(found.mean() + reach) + 1)
    if rows < _PLACES:
        lowest, highest = 0, rows
    places = np.linspace(lowest, highest, min(highest - lowest + 1, _PLACES)).round().astype(int)
    masses = found.pmf(places) * np.diff(places, prepend=lowest - 1)
    reached = np.cumsum(masses) / masses.sum()
    tail = (1 - BAND) / 2
    low, high = places[np.searchsorted(reached, [tail, 1 - tail]).clip(max=len(places) - 1)]
    return float(low) / rows, float(high) / rows


def _at_level(
    rule: ConformalRule, n: int, task: Task, y: np.ndarray, answers: np.ndarray
) -> dict[str, Any]:
    rows = len(y)
    share = float(covered(rule, task, y, answers).mean())
    low, high = coverage_band(rule, n, rows)
    found = {"level": rule.level, "coverage": share, "low": low, "high": high}
    found["inside"] = low <= share <= high
    if task == "regression":
        return found | {"width": 2 * rule.bound}
    sizes = (answers >= rule.least_probability).sum(axis=1)
    return found | {"mean_size": float(sizes.mean()), "refer": float((sizes != 1).mean())}


def _scores(task: Task, y: np.ndarray, answers: np.ndarray) -> np.ndarray:
    if task == "regression":
        return np.asarray(np.abs(y - answers))
    return np.asarray(1.0 - answers[np.arange(len(y)), y.astype(np.int64)])


def _wanted_ranks(n: int) -> np.ndarray:
    """Return the ranks to keep: all of a small sample, else dense where the levels are high.

    Of a large sample the distance from the top grows by a constant factor, so that 1 - level is met
    within the same relative error everywhere; every hundredth is met exactly.
    """
    lowest = int(np.ceil((n + 1) * LOWEST_LEVEL))
    if n - lowest < MOST_KEPT:
        return np.arange(min(lowest, n), n + 1)
    hundredths = [-(-(n + 1) * percent // 100) for percent in range(50, 100)]
    steps = np.geomspace(1, n + 1 - lowest, MOST_KEPT - len(hundredths))
    return np.unique(np.concatenate((n + 1 - np.floor(steps).astype(np.int64), hundredths)))


def _note(outside: list[str], found: list[dict[str, Any]]) -> str:
    if not found:
        return "select has too few records for any level"
    if not outside:
        return ""
    return (
        f"at level {', '.join(outside)} the coverage on test is outside its {BAND:.0%} band: select"
        " and test are not alike, for example because records of one subject lie in both"
    )
