"""How well a score ranks the positive class above the rest: AUC and average precision."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Records by rising score, with the records of each distinct score counted.

    The same records give the same arrays in whatever order they come, so sums over them need no
    further care.

    Parameters
    ----------
    p : ndarray of shape (n,)
        The scores, rising.
    y : ndarray of shape (n,)
        The truths in that order, 0 or 1; of equal scores the 0 first.
    ends : ndarray of shape (r,)
        The last position of each run of equal scores.
    positives, negatives : ndarray of shape (r,)
        Records of each run by class.
    """

    p: np.ndarray
    y: np.ndarray
    ends: np.ndarray
    positives: np.ndarray
    negatives: np.ndarray

    @property
    def sizes(self) -> tuple[int, int]:
        """Records of the positive class and of the rest."""
        positive = int(self.y.sum())
        return positive, len(self.y) - positive

    @property
    def has_both(self) -> bool:
        """Whether both classes occur, so that there is something to rank."""
        return all(self.sizes)


def rank(y: np.ndarray, p: np.ndarray) -> Ranked:
    """Order records by score.

    Parameters
    ----------
    y : ndarray of shape (n,)
        1 for the positive class, anything else for the rest.
    p : ndarray of shape (n,)
        The score; higher means more likely positive.
    """
    positive = y == 1
    p = np.ascontiguousarray(p, dtype=np.float64)
    if len(p) and p.min() >= 0:
        # Floats from 0 on are ordered like their bits, and their sign bit is free for the truth:
        # sorting numbers is several times faster than sorting positions.
        bits = (p.view(np.uint64) << np.uint64(1)) | positive.astype(np.uint64)
        bits.sort()
        truth = (bits & np.uint64(1)).astype(np.int64)
        ordered = (bits >> np.uint64(1)).view(np.float64)
    else:
        order = np.lexsort((positive, p))
        truth, ordered = positive[order].astype(np.int64), p[order]
    ends = run_ends(ordered)
    hits = np.diff(np.cumsum(truth)[ends], prepend=0)
    return Ranked(ordered, truth, ends, hits, np.diff(ends, prepend=-1) - hits)


def run_ends(ordered: np.ndarray) -> np.ndarray:
    """Return the last position of each run of equal values."""
    if len(ordered) == 0:
        return np.empty(0, dtype=np.intp)
    return np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)


def auc(y: np.ndarray, p: np.ndarray) -> float | None:
    """Return the area under the ROC curve, from the mid-rank (Mann-Whitney) statistic.

    Counts of pairs are whole numbers, so they are exact and the order of the rows cannot change
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
    return auc_of(rank(y, p))


def auc_of(ranked: Ranked) -> float | None:
    """Return `auc` of records that are ranked already."""
    m, n = ranked.sizes
    if m == 0 or n == 0:
        return None
    below = np.cumsum(ranked.negatives) - ranked.negatives
    twice = int((ranked.positives * (2 * below + ranked.negatives)).sum())
    return (twice / 2) / (m * n)


def delong_variance(ranked: Ranked) -> float | None:
    """Return the variance of the AUC of DeLong et al. (1988); None with one record of a class.

    The structural component of a record is the share of the other class that it is ranked right
    against, a tie counting one half; it is found for all records of equal score at once.
    """
    value, (m, n) = auc_of(ranked), ranked.sizes
    if value is None or min(m, n) < 2:
        return None
    below = np.cumsum(ranked.negatives) - ranked.negatives / 2
    above = m - np.cumsum(ranked.positives) + ranked.positives / 2
    of_positive = float((ranked.positives * (below / n - value) ** 2).sum())
    of_negative = float((ranked.negatives * (above / m - value) ** 2).sum())
    return of_positive / (m * (m - 1)) + of_negative / (n * (n - 1))


def auc_influence(y: np.ndarray, p: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the AUC, and what each record adds to its deviation, to first order.

    The latter are the structural components of DeLong et al. (1988), centred and divided by the
    size of their class, found in O(n log n) from one ranking, in the spirit of Sun and Xu, "Fast
    implementation of DeLong's algorithm" (2014). Both classes must be present.
    """
    order = np.argsort(p)
    truth, ends = y[order] == 1, run_ends(p[order])
    lengths = np.diff(ends, prepend=-1)
    reached = np.cumsum(truth)[ends]
    hits = np.diff(reached, prepend=0)
    m = int(reached[-1])
    n = len(y) - m
    below = ends + 1 - reached - (lengths - hits) / 2
    above = m - reached + hits / 2
    value = float((hits * below).sum()) / (m * n)
    of_positive, of_negative = (below / n - value) / m, (above / m - value) / n
    found = np.empty(len(y))
    found[order] = np.where(truth, np.repeat(of_positive, lengths), np.repeat(of_negative, lengths))
    return value, found


def auc_variance(influence: np.ndarray, strata: np.ndarray) -> float | None:
    """Return the variance of an AUC, or of a mean of AUCs, from the influence of each record.

    Parameters
    ----------
    influence : ndarray of shape (n,)
        See `auc_influence`; for a macro AUC the mean over its classes.
    strata : ndarray of shape (n,)
        The true class of each record, as codes. For two classes the answer is DeLong's variance.

    Returns
    -------
    float or None
        None when a class has a single record.
    """
    total = 0.0
    for stratum in np.flatnonzero(np.bincount(strata.astype(np.int64))):
        # Sorted, so that the order of the rows cannot change the last bit of the sum.
        part = np.sort(influence[strata == stratum])
        if len(part) < 2:
            return None
        centred = part - part.sum() / len(part)
        total += float((centred**2).sum()) * len(part) / (len(part) - 1)
    return total


def classes_to_rank(y: np.ndarray, n_classes: int) -> list[int]:
    """Return the class codes that occur; fewer than two leave nothing to rank."""
    present = [code for code in range(n_classes) if bool((y == code).any())]
    return present if len(present) > 1 else []


def macro_auc(y: np.ndarray, P: np.ndarray) -> float | None:
    """Return the mean of the one-against-the-rest AUCs over the classes that occur in `y`."""
    codes = classes_to_rank(y, P.shape[1])
    values = [auc(y == code, P[:, code]) for code in codes]
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None


def macro_auc_influence(y: np.ndarray, P: np.ndarray) -> tuple[float, np.ndarray] | None:
    """Return `macro_auc` and the influence of each record on it; None when it has no value."""
    codes = classes_to_rank(y, P.shape[1])
    if not codes:
        return None
    values, total = [], np.zeros(len(y))
    for code in codes:
        value, influence = auc_influence((y == code).astype(np.int64), P[:, code])
        values.append(value)
        total += influence
    return math.fsum(values) / len(values), total / len(codes)


def average_precision(y: np.ndarray, p: np.ndarray) -> float | None:
    """Return the area under the precision-recall curve as a step function.

    The sum of precision times the gain in recall over all distinct thresholds, as scikit-learn
    computes it. None when one of the classes is missing.
    """
    ranked = rank(y, p)
    if not ranked.has_both:
        return None
    return float(average_precisions(ranked.positives, ranked.negatives))


def average_precisions(positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    """Return the average precision of counted records, one for each row of counts.

    Parameters
    ----------
    positives, negatives : ndarray of shape (..., r)
        Records of each class by distinct score, the scores rising.
    """
    hits = positives[..., ::-1]
    found = np.cumsum(hits, axis=-1)
    decided = found + np.cumsum(negatives[..., ::-1], axis=-1)
    precision = np.divide(found, decided, out=np.zeros(found.shape), where=decided > 0)
    return np.asarray((hits * precision).sum(axis=-1) / found[..., -1])


def coarse(ranked: Ranked, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the counts of `ranked` with neighbouring scores put together in at most so many cells.

    Each cell holds about as large a share of both classes together; up to so many distinct scores
    stay as they are.
    """
    if len(ranked.ends) <= cells:
        return ranked.positives, ranked.negatives
    m, n = ranked.sizes
    share = np.cumsum(ranked.positives) / m + np.cumsum(ranked.negatives) / n
    wanted = 2 * np.arange(cells) / cells
    starts = np.unique(np.searchsorted(share, wanted, side="right"))
    starts[0] = 0
    starts = starts[starts < len(share)]
    return np.add.reduceat(ranked.positives, starts), np.add.reduceat(ranked.negatives, starts)
