"""KPIs of labelled scores that each stand for several, by Hájek and by Horvitz and Thompson."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from crispml_core.domain.targets import CostMatrix, Task
from crispml_core.monitoring import intervals, names
from crispml_core.monitoring.estimation import by_class, slopes
from crispml_core.monitoring.intervals import Interval
from crispml_core.monitoring.masses import Sloped, one_hot
from crispml_core.monitoring.weighted_regression import regression_slopes

_MEANS = ("brier", "log_loss", "accuracy", "expected_cost", "mae")


def weighted_kpis(
    task: Task,
    prediction: np.ndarray | None,
    decision: np.ndarray | None,
    y: np.ndarray,
    weights: np.ndarray,
    scored: int,
    *,
    costs: CostMatrix | None = None,
    n_classes: int = 2,
) -> tuple[dict[str, Interval], dict[str, Interval]]:
    """Return the weighted KPIs, and the means over a known number of scores.

    Parameters
    ----------
    task, prediction, decision, costs, n_classes
        As in `crispml_core.monitoring.kpis.kpis_with_intervals`; a binary task by rising score.
    y : ndarray of shape (n,)
        The truth.
    weights : ndarray of shape (n,)
        How many scores each labelled one stands for.
    scored : int
        How many scores there are.

    Returns
    -------
    (dict, dict)
        The ratios of weighted sums (Hájek 1971), whose variance is that of the linearised ratio;
        and, for the KPIs that are means, the weighted sum over `scored` (Horvitz and Thompson
        1952), whose variance is that of independent draws of the scores and their labels.
    """
    ratios = {
        name: intervals.interval(None) for name in names.KPI_NAMES[task] if name != "threshold"
    }
    means: dict[str, Interval] = {}
    masses = _masses(task, y, weights, n_classes)
    for name, sloped in _slopes(task, masses, prediction, decision, y, costs):
        added = (masses * sloped.slopes).sum(axis=0)
        ratios[name] = sloped.interval(float((added**2).sum()))
        if name in _MEANS:
            # What the slope leaves of each record: (its value - the mean) / the sum of weights.
            total = float(weights.sum())
            sums = added * total + weights * sloped.value
            mean = float(sums.sum()) / scored
            variance = float((sums**2).sum()) / scored**2 - mean**2 / scored
            half = intervals.Z * math.sqrt(max(variance, 0.0))
            means[name] = intervals.interval(
                mean, max(sloped.minimum, mean - half), min(sloped.maximum, mean + half)
            )
    return ratios, means


def _masses(task: Task, y: np.ndarray, weights: np.ndarray, n_classes: int) -> np.ndarray:
    return weights[None, :] if task == "regression" else one_hot(y, n_classes, weights)


def _slopes(
    task: Task,
    masses: np.ndarray,
    prediction: np.ndarray | None,
    decision: np.ndarray | None,
    y: np.ndarray,
    costs: CostMatrix | None,
) -> Iterator[tuple[str, Sloped]]:
    if task == "regression":
        assert prediction is not None
        return regression_slopes(masses, y, prediction)
    P = None if prediction is None else by_class(prediction)
    return slopes(task, masses, P, decision, costs)
