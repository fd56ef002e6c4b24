"""What each record costs, one number per record, bounded as a sequential test needs it."""

from __future__ import annotations

import numpy as np

from crispml_core.domain.challenge import Challenge
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.targets import CostMatrix, Target
from crispml_core.monitoring.confusion import cost_table

# A probability below it counts as it: the logarithm has no bound.
_LEAST = 1e-3
_BY_TASK = {"binary": "cost", "multiclass": "brier", "regression": "squared_error"}


def metric_of(challenge: Challenge, target: Target) -> str:
    """Return the loss that is compared.

    Raises
    ------
    InvalidInput
        If it does not suit the target, or a bound is missing.
    """
    metric = challenge.metric or _BY_TASK[target.task]
    is_number = metric in ("squared_error", "absolute_error")
    if is_number == target.is_classification or (metric == "cost" and target.task != "binary"):
        raise InvalidInput(f"challenge: metric {metric} does not suit a {target.task} target")
    if is_number and challenge.largest_loss is None:
        raise InvalidInput(f"challenge: metric {metric} needs largest_loss")
    return metric


def largest_loss(challenge: Challenge, target: Target, costs: CostMatrix) -> float:
    """Return what a record can cost at most; see `metric_of` for the errors."""
    metric = metric_of(challenge, target)
    if challenge.largest_loss is not None:
        return challenge.largest_loss
    if metric == "cost":
        table = cost_table(costs)
        return float(table.max() - table.min())
    return 1.0 if metric == "brier" else float(-np.log(_LEAST))


def record_losses(
    challenge: Challenge,
    target: Target,
    costs: CostMatrix,
    *,
    y: np.ndarray,
    prediction: np.ndarray,
    decision: np.ndarray | None,
) -> np.ndarray:
    """Return the loss of each record, in [0, `largest_loss`].

    Costs count from the least of the cost matrix. Brier is (p - y)^2 for a binary target, and half
    of the squared distance over all classes for a multiclass one (Brier 1950).

    Parameters
    ----------
    y : ndarray of shape (n,)
        The truth: class codes, or numbers.
    prediction : ndarray of shape (n,) or (n, n_classes)
        Probabilities of class 1, probabilities by class, or numbers.
    decision : ndarray of shape (n,) or None
        The decided class codes; needed for costs.
    """
    metric = metric_of(challenge, target)
    rows = np.arange(len(y))
    if metric == "cost":
        assert decision is not None
        table = cost_table(costs)
        losses = table[y, decision] - table.min()
    elif metric in ("squared_error", "absolute_error"):
        losses = np.abs(prediction - y)
        losses = losses**2 if metric == "squared_error" else losses
    elif metric == "brier" and prediction.ndim == 1:
        losses = (prediction - y) ** 2
    elif metric == "brier":
        truth = np.zeros_like(prediction)
        truth[rows, y] = 1.0
        losses = 0.5 * ((prediction - truth) ** 2).sum(axis=1)
    else:
        of_truth = (
            np.where(y == 1, prediction, 1.0 - prediction)
            if prediction.ndim == 1
            else prediction[rows, y]
        )
        losses = -np.log(np.maximum(of_truth, _LEAST))
    return np.asarray(np.minimum(losses, largest_loss(challenge, target, costs)))
