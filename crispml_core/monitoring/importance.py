"""Permutation importance: how much worse a model gets when it can no longer read a column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from crispml_core.domain.targets import Task
from crispml_core.monitoring.binary import log_losses
from crispml_core.monitoring.ranking import auc

MAX_ROWS = 2_000
REPEATS = 5
SCORES: dict[Task, str] = {"binary": "auc", "multiclass": "log_loss", "regression": "mae"}


def drawn_rows(n: int, seed: int = 0) -> np.ndarray:
    """Return which of n rows the importance is measured on, in their order: all, or `MAX_ROWS`."""
    return _drawn(np.random.default_rng(seed), n)


def permutation_importance(
    predict: Callable[[pd.DataFrame], np.ndarray],
    X: pd.DataFrame,
    y: np.ndarray,
    task: Task,
    seed: int = 0,
) -> dict[str, Any]:
    """Return how far the score drops when the values of one column are shuffled (Breiman 2001).

    The model answers the rows ``1 + REPEATS * columns`` times, so only `drawn_rows` are used; the
    repeats of a column are answered in one call.

    Parameters
    ----------
    predict : callable
        From a frame like `X` to probabilities of shape (n, k), or to numbers for regression.
    X : DataFrame
        The columns that the model reads, of the rows that are drawn from n.
    y : ndarray of shape (n,)
        The truth of all rows: class codes, or numbers.
    task : {"binary", "multiclass", "regression"}
        Decides the score: AUC, log loss or mean absolute error.
    seed : int
        Of the drawn rows and the shuffles.

    Returns
    -------
    dict
        ``kpi``, ``rows``, ``repeats`` and ``columns``: per column the ``mean`` and ``sd`` of what
        the KPI loses, positive when the column helps, the most important first. ``columns`` is
        empty when the score is undefined.
    """
    rng = np.random.default_rng(seed)
    X, y = X.reset_index(drop=True), y[_drawn(rng, len(y))]
    facts = {"kpi": SCORES[task], "rows": len(X), "repeats": REPEATS, "columns": []}
    base = _goodness(task, y, predict(X)) if len(X) else None
    if base is None:
        return facts
    stacked = pd.concat([X] * REPEATS, ignore_index=True)
    found = []
    for column in X.columns:
        shuffles = np.concatenate([rng.permutation(len(X)) for _ in range(REPEATS)])
        shuffled = stacked.assign(**{str(column): X[column].array.take(shuffles)})
        # One thread: for so few rows the threads of a pool wait for each other longer than they
        # work, many times longer while something else uses the machine.
        with threadpool_limits(limits=1):
            answers = np.split(np.asarray(predict(shuffled)), REPEATS)
        scores = [_goodness(task, y, part) for part in answers]
        drops = np.array([base - score for score in scores if score is not None])
        found.append(
            {"column": str(column), "mean": float(drops.mean()), "sd": float(drops.std(ddof=1))}
        )
    found.sort(key=lambda row: (-float(str(row["mean"])), str(row["column"])))
    return facts | {"columns": found}


def _drawn(rng: np.random.Generator, n: int) -> np.ndarray:
    if n <= MAX_ROWS:
        return np.arange(n)
    return np.sort(rng.choice(n, MAX_ROWS, replace=False))


def _goodness(task: Task, y: np.ndarray, prediction: np.ndarray) -> float | None:
    if task == "binary":
        return auc(y, prediction[:, 1])
    if task == "multiclass":
        return -float(log_losses(prediction[np.arange(len(y)), y.astype(np.int64)]).mean())
    return -float(np.abs(prediction - y).mean())
