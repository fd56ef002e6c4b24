"""Counts of decisions against the truth, and what follows from the counts alone."""

from __future__ import annotations

import numpy as np

from crispml_core.domain.targets import CostMatrix

EQUAL_COSTS = CostMatrix(false_positive=1.0, false_negative=1.0)


def confusion_matrix(y: np.ndarray, decision: np.ndarray, n_classes: int = 2) -> np.ndarray:
    """Return counts of shape (n_classes, n_classes): the truth by row, the decision by column."""
    cells = np.bincount(
        y.astype(np.int64) * n_classes + decision.astype(np.int64), minlength=n_classes**2
    )
    return cells.reshape(n_classes, n_classes)


def cost_table(costs: CostMatrix) -> np.ndarray:
    """Return the costs in the layout of `confusion_matrix`."""
    return np.array(
        [
            [costs.true_negative, costs.false_positive],
            [costs.false_negative, costs.true_positive],
        ]
    )


def f1_scores(matrix: np.ndarray) -> np.ndarray:
    """Return F1 by class; NaN for a class that neither the truth nor the decisions know.

    Parameters
    ----------
    matrix : ndarray of shape (..., k, k)
        One confusion matrix, or many.
    """
    hits = np.diagonal(matrix, axis1=-2, axis2=-1).astype(float)
    total = matrix.sum(axis=-1) + matrix.sum(axis=-2)
    scores: np.ndarray = np.divide(
        2 * hits, total, out=np.full(hits.shape, np.nan), where=total > 0
    )
    return scores


def macro_f1(matrix: np.ndarray) -> np.ndarray:
    """Return the mean F1 over the classes that the truth or the decisions know."""
    scores = f1_scores(matrix)
    known = ~np.isnan(scores)
    total = np.where(known, scores, 0.0).sum(axis=-1)
    count = known.sum(axis=-1)
    mean: np.ndarray = np.divide(
        total, count, out=np.full(np.shape(total), np.nan), where=count > 0
    )
    return mean
