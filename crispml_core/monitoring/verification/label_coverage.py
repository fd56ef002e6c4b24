"""Which scores have a label, which do not, and whether that depends on the score."""

from __future__ import annotations

from typing import Any

import numpy as np

from crispml_core.monitoring.coverage import coverage, label_lag
from crispml_core.monitoring.label_pattern import labels_at_random
from crispml_core.tables.joined import Joined


def label_coverage(scores: Joined) -> dict[str, Any]:
    """Return ``coverage``, ``lag`` and ``selection``.

    ``selection`` says by tenth of the score how many of the scores have a label, and whether that
    depends on the score, see `crispml_core.monitoring.label_pattern.labels_at_random`. If it does,
    the labelled scores are no fair sample of all scores.
    """
    rows = scores.labelled
    number = score_of(scores)
    known = np.isfinite(number)
    return {
        "coverage": coverage(len(scores), int(np.count_nonzero(rows))),
        "lag": label_lag(scores.scored_at[rows], scores.label_time[rows]),
        "selection": labels_at_random(number[known], rows[known]),
    }


def score_of(scores: Joined) -> np.ndarray:
    """Return the one number that says most about a score, shape (n,).

    The probability of class 1, the largest probability of several classes, or the predicted number.
    """
    return scores.prediction if scores.prediction.ndim == 1 else scores.prediction.max(axis=1)
