"""What the report would say if the labels that are missing were there.

Three answers, from the strongest assumption to none: the confidence-based estimate believes the
probabilities and shows how earlier estimates did; weighting believes that a label depends on
nothing but score, decision and segments, or the logged propensities; the bounds believe nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from crispml_core.domain.use_case import UseCase
from crispml_core.monitoring.estimation import estimate
from crispml_core.monitoring.ordering import by_content
from crispml_core.monitoring.reweighting import reweighted
from crispml_core.monitoring.track_record import track_record
from crispml_core.monitoring.verification.comparable import Comparable
from crispml_core.monitoring.verification.periods import Periods
from crispml_core.tables.joined import text_of

MOST_OF_SEVERAL = 200_000
"""Each class costs as much as a binary target does."""


def estimated(use_case: UseCase, scores: Comparable, parts: Periods) -> dict[str, Any]:
    """Return the confidence-based estimate and its track record; a ``reason`` where there is none.

    Each slice of the track record is a part of the window, and has its ``start``. Of more than
    `MOST_OF_SEVERAL` scores with several classes only so many are looked at, evenly spread over the
    scores; ``of`` is how many there are.
    """
    target, costs = use_case.target, use_case.cost_matrix
    total, scores = len(scores), _bounded(scores, parts)
    found = (
        estimate(
            target.task,
            scores.prediction,
            scores.decision,
            scores.y,
            scores.labelled,
            costs=costs,
        )
        if len(scores)
        else {"reason": "there are no scores"}
    )
    known = np.flatnonzero(scores.labelled)
    record = track_record(
        target.task,
        None if scores.prediction is None else scores.prediction[known],
        None if scores.decision is None else scores.decision[known],
        scores.y[known],
        _large_parts(parts.codes[scores.rows[known]], use_case.monitoring.min_group),
        costs=costs,
    )
    for part in record.get("slices", ()):
        part["start"] = text_of(parts.starts[part["slice"]])
    return found | {"of": total, "track_record": record}


def weighted(use_case: UseCase, scores: Comparable) -> dict[str, Any]:
    """Return KPIs by inverse propensity, or why they are not identifiable; bounds in any case."""
    target = use_case.target
    return reweighted(
        target.task,
        scores.prediction,
        scores.decision,
        scores.y,
        scores.labelled,
        scores.segments,
        propensity=scores.propensity,
        costs=use_case.cost_matrix,
        classes=target.classes,
        limits=(target.minimum, target.maximum),
        min_group=use_case.monitoring.min_group,
        floor=use_case.monitoring.propensity_floor,
    )


def _bounded(scores: Comparable, parts: Periods) -> Comparable:
    """Return every so many of the scores of several classes, in the order of their content."""
    P, step = scores.prediction, -(-len(scores) // MOST_OF_SEVERAL)
    if P is None or P.ndim == 1 or step < 2:
        return scores
    # The part of the window too, because the track record tells scores apart by it.
    keys = [parts.codes[scores.rows], np.where(scores.labelled, scores.y, -1), *P.T]
    if scores.decision is not None:
        keys.insert(0, scores.decision)
    return scores.take(by_content(keys)[::step])


def _large_parts(codes: np.ndarray, min_group: int) -> np.ndarray:
    """Return the parts of labelled scores, -1 for a part of too few."""
    counts = np.bincount(codes)
    return np.where(counts[codes] >= min_group, codes, -1) if len(codes) else codes
