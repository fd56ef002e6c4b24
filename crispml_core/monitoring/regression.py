"""KPIs of a regression model."""

from __future__ import annotations

import math
from collections.abc import Callable

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
    spread = math.fsum((y - math.fsum(y) / len(y)) ** 2)
    return 1 - math.fsum(errors**2) / spread


def _r2_interval(y: np.ndarray, errors: np.ndarray, value: float | None) -> Interval:
    def statistic_of(rows: np.ndarray) -> Callable[[np.ndarray], float]:
        squared = errors[rows] ** 2
        centred = y[rows] - y[rows].mean()
        centred_squared = centred**2

        # Sums of products instead of dot products, whose last bits depend on the number of threads.
        def r2(weights: np.ndarray) -> float:
            total = float(weights.sum())
            mean = float((weights * centred).sum()) / total
            spread = float((weights * centred_squared).sum()) - total * mean**2
            # A resample of equal truths has no R2; what it says is that the model explains nothing.
            return 1 - float((weights * squared).sum()) / spread if spread > 1e-12 * total else 0.0

        return r2

    by_truth = np.lexsort((errors, y))
    return intervals.bootstrap_interval(value, [by_truth], statistic_of)
