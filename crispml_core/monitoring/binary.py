"""KPIs of a binary model."""

from __future__ import annotations

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
from crispml_core.monitoring.ranking import Ranked


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
    return _auc(ranking.rank(y, p), bounds)


def _auc(ranked: Ranked, bounds: bool) -> Interval:
    value = ranking.auc_of(ranked)
    if value is None or not bounds:
        return intervals.interval(value)
    return intervals.auc_interval(value, ranking.delong_variance(ranked), min(ranked.sizes))


def _of_probability(y: np.ndarray, p: np.ndarray, bounds: bool) -> dict[str, Interval]:
    ranked = ranking.rank(y, p)
    return {
        "auc": _auc(ranked, bounds),
        "pr_auc": _average_precision(ranked, bounds),
        "brier": intervals.mean_interval((p - y) ** 2, 0.0, 1.0),
        "log_loss": intervals.mean_interval(log_losses(np.where(y == 1, p, 1 - p)), 0.0),
    }


def _average_precision(ranked: Ranked, bounds: bool) -> Interval:
    if not ranked.has_both:
        return intervals.interval(None)
    value = float(ranking.average_precisions(ranked.positives, ranked.negatives))
    if not bounds:
        return intervals.interval(value)
    cells = ranking.coarse(ranked, intervals.BOOTSTRAP_CELLS)
    draws = ranking.average_precisions(*intervals.resampled_counts(cells))
    centre = float(ranking.average_precisions(*cells))
    return intervals.bootstrap_interval(value, draws, centre, minimum=0.0)


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
        "expected_cost": intervals.counted_mean(table.ravel(), matrix.ravel()),
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
