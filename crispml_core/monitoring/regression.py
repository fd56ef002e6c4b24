"""KPIs of a regression model."""

from __future__ import annotations

import numpy as np

from crispml_core.monitoring import intervals
from crispml_core.monitoring.intervals import Interval


def regression_kpis(y: np.ndarray, prediction: np.ndarray) -> dict[str, float | None]:
    """Return mean absolute error, root mean squared error and R2 without intervals.

    Parameters
    ----------
    y, prediction : ndarray of shape (n,)
        The truth and what the model said, in the unit of the target.

    Returns
    -------
    dict of str to float or None
        By the names in `names.REGRESSION`; ``r2`` is None when all truths are equal.
    """
    found = regression_intervals(y, prediction, bounds=False)
    return {name: part["value"] for name, part in found.items()}


def regression_intervals(
    y: np.ndarray, prediction: np.ndarray, *, bounds: bool = True
) -> dict[str, Interval]:
    """Return the KPIs of `regression_kpis` with intervals."""
    errors = prediction - y
    value = _r2(y, errors)
    return {
        "mae": intervals.mean_interval(np.abs(errors), 0.0),
        "rmse": intervals.rmse_interval(errors),
        "r2": _r2_interval(y, errors, value) if bounds else intervals.interval(value),
    }


def _r2(y: np.ndarray, errors: np.ndarray) -> float | None:
    if len(y) < 2 or bool((y == y[0]).all()):
        return None
    ordered = np.sort(y)
    spread = float(((ordered - ordered.sum() / len(y)) ** 2).sum())
    return 1 - float(np.sort(errors**2).sum()) / spread


def _r2_interval(y: np.ndarray, errors: np.ndarray, value: float | None) -> Interval:
    if value is None:
        return intervals.interval(None)
    if len(y) > intervals.BOOTSTRAP_ROWS:
        return _r2_by_delta(value, y, errors)
    # So that a resample means the same records whatever the order of the rows.
    by_truth = np.lexsort((errors, y))
    squared = errors[by_truth] ** 2
    centred = y[by_truth] - y[by_truth].mean()
    weights = intervals.resampled_rows(len(y))
    # Sums of products instead of dot products, whose last bits depend on the number of threads.
    mean = (weights * centred).sum(axis=1) / len(y)
    spread = (weights * centred**2).sum(axis=1) - len(y) * mean**2
    # A resample of equal truths has no R2; what it says is that the model explains nothing.
    known = spread > 1e-12 * len(y)
    missed = (weights * squared).sum(axis=1)
    draws = 1 - np.divide(missed, spread, out=np.ones(len(spread)), where=known)
    return intervals.bootstrap_interval(value, draws, value)


def _r2_by_delta(value: float, y: np.ndarray, errors: np.ndarray) -> Interval:
    """Return the interval from the influence of each record on the ratio of two means.

    To first order a record moves R2 = 1 - a / b, with the mean squared error a and the variance b
    of the truth, by ((1 - R2) d - e) / (n b), where d and e are the squares of its own deviation
    and error (Davison and Hinkley 1997, Bootstrap Methods and their Application, section 2.7).
    """
    ordered = np.sort(y)
    deviations = (y - ordered.sum() / len(y)) ** 2
    moves = (1 - value) * deviations - errors**2
    spread = np.sort(deviations).sum() / len(y)
    half = intervals.Z * float(np.sqrt(np.sort(moves**2).sum() / (len(y) - 1) / len(y)) / spread)
    return intervals.interval(value, value - half, min(1.0, value + half))
