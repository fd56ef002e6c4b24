"""KPIs of a binary model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from crispml_core.domain.targets import CostMatrix
from crispml_core.monitoring import intervals, ranking
from crispml_core.monitoring.confusion import (
    EQUAL_COSTS,
    confusion_matrix,
    cost_table,
    f1_scores,
)
from crispml_core.monitoring.intervals import Interval
from crispml_core.monitoring.names import BINARY


def binary_kpis(
    y: np.ndarray,
    p: np.ndarray | None,
    threshold: float | None,
    costs: CostMatrix | None = None,
    *,
    decision: np.ndarray | None = None,
) -> dict[str, float | None]:
    """Return the KPIs of a binary model without intervals.

    Parameters
    ----------
    y : ndarray of shape (n,)
        The truth, 0 or 1.
    p : ndarray of shape (n,) or None
        The probability of class 1.
    threshold : float or None
        Class 1 is decided where ``p >= threshold``.
    costs : CostMatrix, optional
        What the outcomes cost; without it a mistake costs 1.
    decision : ndarray of shape (n,), optional
        Decisions that were made already; they replace those of the threshold.

    Returns
    -------
    dict of str to float or None
        By the names in `names.BINARY`; None where a KPI is undefined: no rows, one class, nothing
        decided positive.
    """
    return {
        name: found["value"]
        for name, found in binary_intervals(
            y, p, threshold, costs, decision=decision, bounds=False
        ).items()
    }


def binary_intervals(
    y: np.ndarray,
    p: np.ndarray | None,
    threshold: float | None,
    costs: CostMatrix | None = None,
    *,
    decision: np.ndarray | None = None,
    bounds: bool = True,
) -> dict[str, Interval]:
    """Return the KPIs of `binary_kpis` with intervals, see `crispml_core.monitoring.intervals`.

    Parameters
    ----------
    bounds : bool
        False leaves out the intervals that cost time.
    """
    found = {name: intervals.interval(None) for name in BINARY}
    if decision is None and p is not None and threshold is not None:
        decision = (p >= threshold).astype(np.int64)
    if p is not None:
        found |= _of_probability(y, p, bounds)
    if decision is not None:
        found |= _of_decision(y, decision, costs or EQUAL_COSTS, bounds)
    return found | {"threshold": intervals.interval(threshold)}


def log_losses(probability_of_truth: np.ndarray) -> np.ndarray:
    """Return minus the logarithm of the probability of the truth, kept finite at 0."""
    tiny = np.finfo(np.float64).eps
    return np.asarray(-np.log(np.clip(probability_of_truth, tiny, 1 - tiny)))


def auc_with_interval(y: np.ndarray, p: np.ndarray, *, bounds: bool = True) -> Interval:
    """Return the AUC with DeLong's interval."""
    value = ranking.auc(y, p)
    if value is None or not bounds:
        return intervals.interval(value)
    variance = ranking.auc_variance(ranking.auc_influence(y, p), y)
    return intervals.auc_interval(value, variance, int(np.bincount(y.astype(np.int64)).min()))


def _of_probability(y: np.ndarray, p: np.ndarray, bounds: bool) -> dict[str, Interval]:
    precision = ranking.average_precision(y, p)
    return {
        "auc": auc_with_interval(y, p, bounds=bounds),
        "pr_auc": _average_precision(y, p, precision) if bounds else intervals.interval(precision),
        "brier": intervals.mean_interval((p - y) ** 2, 0.0, 1.0),
        "log_loss": intervals.mean_interval(log_losses(np.where(y == 1, p, 1 - p)), 0.0),
    }


def _average_precision(y: np.ndarray, p: np.ndarray, value: float | None) -> Interval:
    def statistic_of(rows: np.ndarray) -> Callable[[np.ndarray], float]:
        order = np.argsort(-p[rows], kind="stable")
        ends = ranking.run_ends(p[rows][order])
        hits = (y[rows][order] == 1).astype(float)
        return lambda weights: ranking.weighted_average_precision(hits, ends, weights[order])

    # Sorted by score, so that a resample means the same records whatever the order of the rows.
    by_score = np.argsort(p, kind="stable")
    strata = [by_score[y[by_score] == code] for code in (0, 1)]
    return intervals.bootstrap_interval(value, strata, statistic_of, minimum=0.0)


def _of_decision(
    y: np.ndarray, decision: np.ndarray, costs: CostMatrix, bounds: bool
) -> dict[str, Interval]:
    matrix = confusion_matrix(y, decision)
    (_, fp), (fn, tp) = matrix.tolist()
    table = cost_table(costs)
    return {
        "accuracy": intervals.wilson(int(np.trace(matrix)), len(y)),
        "precision": intervals.wilson(tp, tp + fp),
        "recall": intervals.wilson(tp, tp + fn),
        "f1": _f1(matrix, bounds),
        "expected_cost": intervals.mean_interval(
            table[y.astype(np.int64), decision.astype(np.int64)],
            float(table.min()),
            float(table.max()),
        ),
    }


def _f1(matrix: np.ndarray, bounds: bool) -> Interval:
    value = float(f1_scores(matrix)[1])
    if np.isnan(value):
        return intervals.interval(None)
    if not bounds:
        return intervals.interval(value)
    # A resample without a positive truth or decision has no F1; it counts as the worst.
    draws = np.nan_to_num(f1_scores(intervals.resampled_confusions(matrix))[:, 1])
    return intervals.interval(value, *intervals.percentiles(draws))
