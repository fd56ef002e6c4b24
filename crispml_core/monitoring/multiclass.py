"""KPIs of a model with three classes or more."""

from __future__ import annotations

import numpy as np

from crispml_core.monitoring import intervals, ranking
from crispml_core.monitoring.binary import auc_with_interval, log_losses
from crispml_core.monitoring.confusion import confusion_matrix, f1_scores, macro_f1
from crispml_core.monitoring.intervals import Interval
from crispml_core.monitoring.names import MULTICLASS


def multiclass_kpis(
    y: np.ndarray, P: np.ndarray, *, decision: np.ndarray | None = None
) -> dict[str, float | None]:
    """Return the KPIs of a model with several classes without intervals.

    Parameters
    ----------
    y : ndarray of shape (n,)
        The truth as codes 0 to k - 1.
    P : ndarray of shape (n, k)
        Probabilities by class.
    decision : ndarray of shape (n,), optional
        Decided codes; the most probable class by default, the first of equal ones.

    Returns
    -------
    dict of str to float or None
        By the names in `names.MULTICLASS`. ``auc`` is the mean of the one-against-the-rest AUCs
        over the classes that occur; ``macro_f1`` counts the classes that the truth or the
        decisions know.
    """
    found = multiclass_intervals(y, P, P.shape[1], decision=decision, bounds=False)
    return {name: part["value"] for name, part in found.items()}


def multiclass_intervals(
    y: np.ndarray,
    P: np.ndarray | None,
    n_classes: int,
    *,
    decision: np.ndarray | None = None,
    bounds: bool = True,
) -> dict[str, Interval]:
    """Return the KPIs of `multiclass_kpis` with intervals; without `P`, only of the decision."""
    found = {name: intervals.interval(None) for name in MULTICLASS}
    if decision is None and P is not None:
        decision = P.argmax(axis=1)
    if decision is not None:
        matrix = confusion_matrix(y, decision, n_classes)
        found["accuracy"] = intervals.wilson(int(np.trace(matrix)), len(y))
        found["macro_f1"] = _macro_f1(matrix, bounds)
    if P is not None:
        truth = P[np.arange(len(y)), y.astype(np.int64)]
        found["log_loss"] = intervals.mean_interval(log_losses(truth), 0.0)
        found["auc"] = _macro_auc(y, P, bounds)
    return found


def class_intervals(
    y: np.ndarray, P: np.ndarray | None, decision: np.ndarray, classes: tuple[str, ...]
) -> list[dict[str, object]]:
    """Return per class its records ``n``, precision, recall, F1 and AUC against the rest."""
    matrix = confusion_matrix(y, decision, len(classes))
    scores = f1_scores(matrix)
    rows: list[dict[str, object]] = []
    for code, name in enumerate(classes):
        hits, n = int(matrix[code, code]), int(matrix[code].sum())
        truth = (y == code).astype(np.int64)
        rows.append(
            {
                "class": name,
                "n": n,
                "precision": intervals.wilson(hits, int(matrix[:, code].sum())),
                "recall": intervals.wilson(hits, n),
                "f1": None if np.isnan(scores[code]) else float(scores[code]),
                "auc": intervals.interval(None)
                if P is None
                else auc_with_interval(truth, P[:, code]),
            }
        )
    return rows


def _macro_f1(matrix: np.ndarray, bounds: bool) -> Interval:
    value = float(macro_f1(matrix))
    if np.isnan(value):
        return intervals.interval(None)
    if not bounds:
        return intervals.interval(value)
    draws = macro_f1(intervals.resampled_confusions(matrix))
    return intervals.interval(value, *intervals.percentiles(draws))


def _macro_auc(y: np.ndarray, P: np.ndarray, bounds: bool) -> Interval:
    if not bounds:
        return intervals.interval(ranking.macro_auc(y, P))
    found = ranking.macro_auc_influence(y, P)
    if found is None:
        return intervals.interval(None)
    value, influence = found
    variance = ranking.auc_variance(influence, y)
    counts = np.bincount(y.astype(np.int64))
    return intervals.auc_interval(value, variance, int(counts[counts > 0].min()))
