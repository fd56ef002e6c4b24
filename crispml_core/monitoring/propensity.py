"""How likely a score gets a label, estimated from which scores got one.

A logistic regression (Rosenbaum and Rubin 1983, The Central Role of the Propensity Score) on
twentieths of the score, the decision and the groups of the segments. It is fitted on four fifths of
the scores and asked for the other fifth, five times, so that no score weighs itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from crispml_core.monitoring.recalibration import FOLDS, thinned
from crispml_core.tables.groupings import Grouping

MOST_GROUPS = 20
"""Smaller groups of a segment are one."""

_BINS = 20
_DIGITS = 9


def estimated_propensities(
    score: np.ndarray, groupings: Sequence[Grouping], labelled: np.ndarray
) -> np.ndarray:
    """Return for each score the probability that it gets a label.

    Parameters
    ----------
    score : ndarray of shape (n,)
        Scores; their order decides the folds, so the caller orders them by content.
    groupings : sequence of Grouping
        The decision and the groups of each segment.
    labelled : ndarray of bool, shape (n,)
        Which scores have a label.
    """
    if labelled.all():
        return np.ones(len(score))
    ordered = np.sort(score)
    inner = np.unique(ordered[np.arange(1, _BINS) * len(score) // _BINS])
    factors = [(np.searchsorted(inner, score, side="right"), len(inner) + 1)]
    factors += [_largest(grouping) for grouping in groupings]
    fold = np.arange(len(score)) % FOLDS
    # Of each fold the same share, although every so many records are taken.
    fitted = np.sort(
        np.concatenate([thinned(np.flatnonzero(fold == f), 50_000 // FOLDS) for f in range(FOLDS)])
    )
    found = np.empty(len(score))
    for number in range(FOLDS):
        asked, seen = np.flatnonzero(fold == number), fitted[fold[fitted] != number]
        found[asked] = _fitted(factors, labelled, seen, asked)
    return found


def _fitted(
    factors: list[tuple[np.ndarray, int]],
    labelled: np.ndarray,
    seen: np.ndarray,
    asked: np.ndarray,
) -> np.ndarray:
    share = float(labelled[seen].mean())
    if min(labelled[seen].sum(), (~labelled[seen]).sum()) < FOLDS:
        return np.full(len(asked), share)
    # Records that are alike in all factors are one row with a weight.
    cell = np.zeros(len(seen), dtype=np.int64)
    for codes, size in factors:
        _, cell = np.unique(cell * size + codes[seen], return_inverse=True)
    _, first, cell = np.unique(cell, return_index=True, return_inverse=True)
    total = np.bincount(cell)
    hits = np.bincount(cell[labelled[seen]], minlength=len(total))
    X = np.column_stack([np.eye(size)[codes[seen[first]]] for codes, size in factors])
    model = LogisticRegression(solver="newton-cholesky", tol=1e-8, max_iter=100)
    model.fit(
        np.concatenate((X, X)),
        np.repeat([1, 0], len(total)),
        sample_weight=np.concatenate((hits, total - hits)),
    )
    # Rounded, because the last bits of a matrix product depend on the machine.
    slopes = np.split(
        np.round(model.coef_[0], _DIGITS), np.cumsum([size for _, size in factors])[:-1]
    )
    eta = np.full(len(asked), round(float(model.intercept_[0]), _DIGITS))
    for (codes, _), slope in zip(factors, slopes, strict=True):
        eta += slope[codes[asked]]
    return np.asarray(1 / (1 + np.exp(-eta)))


def _largest(grouping: Grouping) -> tuple[np.ndarray, int]:
    """Return codes of the largest groups, and one code for all others."""
    counts = grouping.counts
    kept = sorted(range(len(counts)), key=lambda code: (-counts[code], grouping.names[code]))
    place = np.full(len(counts), MOST_GROUPS)
    place[kept[:MOST_GROUPS]] = np.arange(min(len(kept), MOST_GROUPS))
    return place[grouping.codes], MOST_GROUPS + 1
