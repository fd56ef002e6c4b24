"""Which scores have a label, which do not, and whether that depends on the score."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import chi2_contingency

from crispml_core.monitoring.coverage import coverage, label_lag
from crispml_core.monitoring.intervals import wilson
from crispml_core.monitoring.ranking import rank
from crispml_core.tables.joined import Joined

BANDS = 10
SIGNIFICANT = 0.01
SPREAD = 0.05
"""Coverages of bands that differ by less say little, however sure the difference is."""


def label_coverage(scores: Joined) -> dict[str, Any]:
    """Return ``coverage``, ``lag`` and ``selection``.

    ``selection`` says by band of the score how many of the scores are labelled, and whether that
    depends on the score: ``biased`` is true when the bands differ by more than `SPREAD` and a
    chi-square test of independence has a p-value below `SIGNIFICANT`. Then the labelled scores are
    no fair sample of all scores, and KPIs over them say little about the others.
    """
    rows = scores.labelled
    return {
        "coverage": coverage(len(scores), int(np.count_nonzero(rows))),
        "lag": label_lag(scores.scored_at[rows], scores.label_time[rows]),
        "selection": _selection(scores),
    }


def score_of(scores: Joined) -> np.ndarray:
    """Return the one number that says most about a score, shape (n,).

    The probability of class 1, the largest probability of several classes, or the predicted number.
    """
    return scores.prediction if scores.prediction.ndim == 1 else scores.prediction.max(axis=1)


def _selection(scores: Joined) -> dict[str, Any]:
    number = score_of(scores)
    known = np.isfinite(number)
    ranked = rank(scores.labelled[known], number[known])
    ordered, hits = ranked.p, np.append(0, np.cumsum(ranked.y))
    n = len(ordered)
    inner = np.unique(ordered[np.arange(1, BANDS) * n // BANDS]) if n else np.empty(0)
    edges = np.unique(np.concatenate(([0], np.searchsorted(ordered, inner), [n])))
    starts, ends = edges[:-1], edges[1:]
    hits, total = hits[ends] - hits[starts], ends - starts
    bands = [
        {
            "from": float(ordered[starts[band]]),
            "to": float(ordered[ends[band] - 1]),
            "scored": int(total[band]),
            "labelled": int(hits[band]),
            "coverage": wilson(int(hits[band]), int(total[band])),
        }
        for band in range(len(total))
    ]
    p_value, spread = _independence(np.stack((hits, total - hits)))
    return {
        "bands": bands,
        "spread": spread,
        "p_value": p_value,
        "biased": None
        if p_value is None or spread is None
        else bool(p_value < SIGNIFICANT and spread > SPREAD),
    }


def _independence(table: np.ndarray) -> tuple[float | None, float | None]:
    """Return the p-value of independence and the largest difference of coverage."""
    if table.shape[1] < 2 or not table.sum(axis=1).all():
        return None, None
    shares = table[0] / table.sum(axis=0)
    return float(chi2_contingency(table).pvalue), float(shares.max() - shares.min())
