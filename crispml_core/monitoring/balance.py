"""Whether weighted records look like the ones that they stand for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from crispml_core.monitoring.masses import kish
from crispml_core.tables.groupings import Grouping

TOLERATED = 0.1
"""Standardised difference up to which groups count as alike (Austin 2009)."""

_Z = 3.0


def balance(
    score: np.ndarray,
    groupings: Mapping[str, Grouping],
    labelled: np.ndarray,
    weights: np.ndarray | None,
) -> list[dict[str, Any]]:
    """Return by covariate how far the labelled records are from all of them.

    Parameters
    ----------
    score : ndarray of shape (n,)
        Of all records.
    groupings : mapping of str to Grouping
        Decision and segments of all records.
    labelled : ndarray of bool, shape (n,)
        Which have a label.
    weights : ndarray or None
        Of the labelled ones, in order; None where there are none to be used, and then ``after`` and
        ``balanced`` are None.

    Returns
    -------
    list of dict
        ``by``, the standardised difference ``before`` and ``after`` weighting of the mean score or,
        of the group that is farthest off, of its share. At most `TOLERATED`, or no more than chance
        leaves of so few (effective) records, counts as alike: ``alike`` says so of the difference
        before weighting, ``balanced`` of the one after.
    """
    one = np.ones(int(labelled.sum())) if weights is None else weights
    rows = [("score", *_of_score(score, labelled, one))]
    rows += [(by, *_of_groups(grouping, labelled, one)) for by, grouping in groupings.items()]
    plain, weighted = (max(TOLERATED, _Z / math.sqrt(n)) for n in (len(one), kish(one)))
    return [
        {
            "by": by,
            "before": before,
            "after": None if weights is None else after,
            "alike": abs(before) <= plain,
            "balanced": None if weights is None else abs(after) <= weighted,
        }
        for by, before, after in rows
    ]


def _of_score(score: np.ndarray, labelled: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    spread = float(score.std())
    if spread == 0:
        return 0.0, 0.0
    mean, known = float(score.mean()), score[labelled]
    after = float((known * weights).sum()) / float(weights.sum())
    return (float(known.mean()) - mean) / spread, (after - mean) / spread


def _of_groups(
    grouping: Grouping, labelled: np.ndarray, weights: np.ndarray
) -> tuple[float, float]:
    k, codes = len(grouping.names), grouping.codes[labelled]
    share = grouping.counts / len(grouping.codes)
    spread = np.sqrt(share * (1 - share))
    found = []
    for part in (np.bincount(codes, minlength=k), np.bincount(codes, weights, minlength=k)):
        off = part / part.sum() - share
        standard = np.divide(off, spread, out=np.zeros(k), where=spread > 0)
        found.append(float(standard[np.abs(standard).argmax()]) if k else 0.0)
    return found[0], found[1]
