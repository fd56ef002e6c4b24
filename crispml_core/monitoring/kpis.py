"""The KPIs of each task under one roof."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from crispml_core.domain.targets import CostMatrix, Task
from crispml_core.monitoring import binary, multiclass, regression
from crispml_core.monitoring.intervals import Interval


def kpis_with_intervals(
    task: Task,
    y: np.ndarray,
    prediction: np.ndarray | None,
    *,
    decision: np.ndarray | None = None,
    threshold: float | None = None,
    costs: CostMatrix | None = None,
    n_classes: int = 2,
    bounds: bool = True,
) -> dict[str, Interval]:
    """Return the KPIs of a task, each with its interval at level 0.95.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
        What kind of prediction.
    y : ndarray of shape (n,)
        The truth: class codes, or numbers.
    prediction : ndarray or None
        Probability of class 1, shape (n,); probabilities by class, shape (n, k); or numbers, shape
        (n,). None when a classification kept no probabilities.
    decision : ndarray of shape (n,), optional
        Decided class codes, where they are known already.
    threshold : float, optional
        Decides a binary task where `decision` is not given.
    costs : CostMatrix, optional
        For a binary task; without it a mistake costs 1.
    n_classes : int
        For a multiclass task.
    bounds : bool
        False leaves out the intervals that cost time.

    Returns
    -------
    dict of str to dict
        By the names in ``names.KPI_NAMES[task]``, each ``{"value", "low", "high"}``.
    """
    if task == "binary":
        return binary.binary_intervals(
            y, prediction, threshold, costs, decision=decision, bounds=bounds
        )
    if task == "multiclass":
        return multiclass.multiclass_intervals(
            y, prediction, n_classes, decision=decision, bounds=bounds
        )
    assert prediction is not None
    return regression.regression_intervals(y, prediction, bounds=bounds)


def values_of(kpis: Mapping[str, Interval]) -> dict[str, float | None]:
    """Return the plain values, as manifests and gates read them."""
    return {name: found["value"] for name, found in kpis.items()}
