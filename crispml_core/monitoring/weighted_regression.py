"""The KPIs of a regression over weights, see `crispml_core.monitoring.masses`."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from crispml_core.monitoring.masses import Sloped, mean_slopes


def regression_slopes(
    weights: np.ndarray, y: np.ndarray, prediction: np.ndarray
) -> Iterator[tuple[str, Sloped]]:
    """Yield the KPIs that are defined, by the names in `names.REGRESSION`.

    Parameters
    ----------
    weights : ndarray of shape (1, n)
        What each record stands for.
    y, prediction : ndarray of shape (n,)
        The truth and what was predicted.
    """
    total = float(weights.sum())
    if total <= 0:
        return
    error = prediction - y
    yield "mae", mean_slopes(weights, np.abs(error)[None, :], minimum=0.0)
    squared = mean_slopes(weights, (error**2)[None, :])
    root = math.sqrt(squared.value)
    yield "rmse", Sloped(root, squared.slopes / (2 * root or 1.0), 0.0, "mean", 0.0)
    centred = y - float((weights[0] * y).sum()) / total
    spread = float((weights[0] * centred**2).sum())
    if spread > 0 and not bool((y == y[0]).all()):
        lost = squared.value * total / spread
        slopes = (lost * centred**2 - error**2) / spread
        yield "r2", Sloped(1 - lost, slopes[None, :], 0.0, "mean", maximum=1.0)
