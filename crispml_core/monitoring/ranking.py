"""How well a score ranks the positive class above the rest: AUC and average precision."""

from __future__ import annotations

import math

import numpy as np


def midranks(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value, counted from 1; equal values share their mean rank."""
    order = np.argsort(values, kind="stable")
    last = run_ends(values[order])
    first = np.concatenate(([0], last[:-1] + 1))
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((first + last) / 2 + 1, last - first + 1)
    return ranks


def run_ends(ordered: np.ndarray) -> np.ndarray:
    """Return the last position of each run of equal values."""
    if len(ordered) == 0:
        return np.empty(0, dtype=np.intp)
    return np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)


def auc(y: np.ndarray, p: np.ndarray) -> float | None:
    """Return the area under the ROC curve, from the mid-rank (Mann-Whitney) statistic.

    Rank sums are multiples of one half, so they are exact and the order of the rows cannot change
    the last bit of the answer.

    Parameters
    ----------
    y : ndarray of shape (n,)
        1 for the positive class, 0 for the rest.
    p : ndarray of shape (n,)
        The score; higher means more likely positive.

    Returns
    -------
    float or None
        None when one of the classes is missing.
    """
    positive = y == 1
    m = int(positive.sum())
    n = len(y) - m
    if m == 0 or n == 0:
        return None
    rank_sum = float(midranks(p)[positive].sum())
    return (rank_sum - m * (m + 1) / 2) / (m * n)


def auc_influence(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return what each record adds to the deviation of the AUC, to first order.

    These are the structural components of DeLong et al. (1988), centred and divided by the size of
    their class, found in O(n log n) from three rankings as in Sun and Xu, "Fast implementation of
    DeLong's algorithm" (2014). Both classes must be present.
    """
    positive = y == 1
    m, n = int(positive.sum()), int((~positive).sum())
    ranks = midranks(p)
    components = np.empty(len(y))
    components[positive] = (ranks[positive] - midranks(p[positive])) / n
    components[~positive] = 1 - (ranks[~positive] - midranks(p[~positive])) / m
    value = auc(y, p)
    assert value is not None
    return (components - value) / np.where(positive, m, n)


def auc_variance(influence: np.ndarray, strata: np.ndarray) -> float | None:
    """Return the variance of an AUC, or of a mean of AUCs, from the influence of each record.

    Parameters
    ----------
    influence : ndarray of shape (n,)
        See `auc_influence`; for a macro AUC the mean over its classes.
    strata : ndarray of shape (n,)
        The true class of each record. For two classes the answer is DeLong's variance.

    Returns
    -------
    float or None
        None when a class has a single record.
    """
    total = 0.0
    for stratum in np.unique(strata):
        part = influence[strata == stratum]
        if len(part) < 2:
            return None
        mean = math.fsum(part) / len(part)
        total += math.fsum((part - mean) ** 2) * len(part) / (len(part) - 1)
    return total


def classes_to_rank(y: np.ndarray, n_classes: int) -> list[int]:
    """Return the class codes that occur; fewer than two leave nothing to rank."""
    present = [code for code in range(n_classes) if bool((y == code).any())]
    return present if len(present) > 1 else []


def macro_auc(y: np.ndarray, P: np.ndarray) -> float | None:
    """Return the mean of the one-against-the-rest AUCs over the classes that occur in `y`."""
    codes = classes_to_rank(y, P.shape[1])
    values = [auc((y == code).astype(np.int64), P[:, code]) for code in codes]
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None


def macro_auc_influence(y: np.ndarray, P: np.ndarray) -> np.ndarray:
    """Return the influence of each record on `macro_auc`; at least two classes must occur."""
    codes = classes_to_rank(y, P.shape[1])
    parts = [auc_influence((y == code).astype(np.int64), P[:, code]) for code in codes]
    return np.asarray(np.mean(parts, axis=0))


def average_precision(y: np.ndarray, p: np.ndarray) -> float | None:
    """Return the area under the precision-recall curve as a step function.

    The sum of precision times the gain in recall over all distinct thresholds, as scikit-learn
    computes it. None when one of the classes is missing.
    """
    if len(np.unique(y)) < 2:
        return None
    order = np.argsort(-p, kind="stable")
    return weighted_average_precision(
        (y[order] == 1).astype(float), run_ends(p[order]), np.ones(len(y))
    )


def weighted_average_precision(hits: np.ndarray, ends: np.ndarray, weights: np.ndarray) -> float:
    """Return the average precision of records ordered by falling score, each with a weight.

    Parameters
    ----------
    hits : ndarray of shape (n,)
        1.0 for a positive record, 0.0 for the rest.
    ends : ndarray
        Last position of each run of equal scores.
    weights : ndarray of shape (n,)
        How often each record counts.
    """
    true_positives = np.cumsum(weights * hits)[ends]
    decided = np.cumsum(weights)[ends]
    precision = np.divide(true_positives, decided, out=np.zeros(len(ends)), where=decided > 0)
    gains = np.diff(true_positives, prepend=0.0)
    return float((gains * precision).sum() / true_positives[-1])
