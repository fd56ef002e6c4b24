"""KPIs of all scores from those that got a label, by inverse propensity weighting.

Where only some cases get a label, for example accepted loans, the labelled scores are not like the
others. A labelled score then stands for one over its propensity, the probability that it would get
a label (Horvitz and Thompson 1952). That is right when the propensity is known or depends on
nothing but the score, the decision and the segments, and when it is nowhere 0. Where it is 0, no
weighting and no model can tell: then the answer is *not identifiable*, with the bounds of
`crispml_core.monitoring.worst_case`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from crispml_core.domain.targets import CostMatrix, Task
from crispml_core.monitoring.balance import balance
from crispml_core.monitoring.label_pattern import cells_without_labels
from crispml_core.monitoring.masses import kish
from crispml_core.monitoring.ordering import by_content
from crispml_core.monitoring.propensity import estimated_propensities
from crispml_core.monitoring.weighted_kpis import weighted_kpis
from crispml_core.monitoring.worst_case import worst_case
from crispml_core.tables.groupings import Grouping

MIN_LABELS = 50

_TOLERATED_Z = 3.29  # one in a thousand
_TOLERATED_SHARE = 0.02


def reweighted(
    task: Task,
    prediction: np.ndarray | None,
    decision: np.ndarray | None,
    y: np.ndarray,
    labelled: np.ndarray,
    segments: Mapping[str, Grouping],
    *,
    propensity: np.ndarray | None = None,
    costs: CostMatrix | None = None,
    classes: tuple[str, ...] = (),
    limits: tuple[float | None, float | None] = (None, None),
    min_group: int = 1,
    floor: float = 0.01,
) -> dict[str, Any]:
    """Return KPIs in which each labelled score stands for one over its propensity.

    Parameters
    ----------
    task, prediction, decision, y, labelled, costs
        As in `crispml_core.monitoring.estimation.estimate`; for a regression `prediction` and `y`
        are numbers.
    segments : mapping of str to Grouping
        By segment, the group of each score.
    propensity : ndarray of shape (n,), optional
        Logged probabilities that a case gets a label, read where `labelled`, NaN where none was
        logged. If one is missing there, all are estimated.
    classes : tuple of str
        Names of the classes by code.
    limits : (float, float)
        Range of the truth of a regression, for its bounds.
    min_group : int
        See `cells_without_labels`.
    floor : float
        A propensity below it counts as 0: one label would stand for too many scores.

    Returns
    -------
    dict
        ``status`` is ``identifiable`` or ``not identifiable``; then ``reason`` says why and
        ``kpis`` is None. ``propensities`` is ``logged`` or ``estimated``, ``cells`` lists the kinds
        of scores without a label. ``kpis`` are those of Hájek (1971), ratios of weighted sums;
        ``horvitz_thompson`` has the means over the known number of scores; ``effective_n`` is that
        of Kish, ``balance`` how far the labelled scores are from all, before and after weighting.
        ``bounds`` are always there. Intervals treat estimated propensities as known, which makes
        them a little too wide (Lunceford and Davidian 2004).
    """
    labelled = labelled.astype(bool)
    k = len(classes) or 2
    decided = None if decision is None else Grouping(classes or ("0", "1"), decision)
    score = _score(prediction, len(y))
    found: dict[str, Any] = {
        "scored": len(y),
        "labelled": int(labelled.sum()),
        "floor": floor,
        "cells": cells_without_labels(score, decided, segments, labelled, min_group=min_group),
        "bounds": worst_case(
            task,
            prediction,
            decision,
            y,
            labelled,
            costs=costs,
            n_classes=k,
            limits=limits,
        ),
    }
    # Where there is no label the propensity is not read.
    chance = np.where(labelled, np.nan if propensity is None else propensity, 1.0)
    logged = bool(np.isfinite(chance).all())
    found["propensities"] = "logged" if logged else "estimated"
    if reason := _without_labels(found):
        return found | _unknown(reason)
    by = ([] if decided is None else ["decision"]) + list(segments)
    groupings = [*([] if decided is None else [decided]), *segments.values()]
    order = _content_order(score, prediction, y, labelled, groupings, chance if logged else None)
    score, known = score[order], labelled[order]
    groupings = [grouping.take(order) for grouping in groupings]
    chance = chance[order] if logged else estimated_propensities(score, groupings, known)
    covariates = dict(zip(by, groupings, strict=True))
    if reason := _too_unlikely(chance, known, floor, logged):
        return found | _unknown(reason) | {"balance": balance(score, covariates, known, None)}
    weights, rows = 1 / chance[known], order[known]
    kpis, totals = weighted_kpis(
        task,
        None if prediction is None else prediction[rows],
        None if decision is None else decision[rows],
        y[rows],
        weights,
        len(y),
        costs=costs,
        n_classes=k,
    )
    return found | {
        "status": "identifiable",
        "reason": None,
        "effective_n": kish(weights),
        "largest_weight": float(weights.max()),
        "kpis": kpis,
        "horvitz_thompson": totals,
        "balance": balance(score, covariates, known, weights),
    }


def _score(prediction: np.ndarray | None, n: int) -> np.ndarray:
    """Return the number by which scores are told apart."""
    if prediction is None:
        return np.zeros(n)
    return np.asarray(prediction if prediction.ndim == 1 else prediction.max(axis=1))


def _content_order(
    score: np.ndarray,
    prediction: np.ndarray | None,
    y: np.ndarray,
    labelled: np.ndarray,
    groupings: list[Grouping],
    chance: np.ndarray | None,
) -> np.ndarray:
    """Return the positions that sort scores by their content, the score first."""
    keys = [np.where(labelled, y, 0), labelled, *(part.codes for part in groupings)]
    if chance is not None:
        keys.append(chance)
    if prediction is not None and prediction.ndim == 2:
        keys += list(prediction.T)
    return by_content((*keys, score))


def _without_labels(found: Mapping[str, Any]) -> str | None:
    if found["labelled"] < MIN_LABELS:
        return f"fewer than {MIN_LABELS} scores have a label"
    if found["cells"]:
        kinds = "; ".join(
            f"{cell['by']} {cell['cell']} ({cell['scores']} scores)" for cell in found["cells"][:5]
        )
        more = len(found["cells"]) - 5
        return f"no label came for {kinds}" + (f" and {more} further kinds" if more > 0 else "")
    return None


def _too_unlikely(
    chance: np.ndarray, labelled: np.ndarray, floor: float, logged: bool
) -> str | None:
    """Return why propensities must not be used."""
    low = int((chance < floor).sum())
    if low:
        return f"for {low} scores the propensity is below {floor:g}"
    if not logged:
        return None
    # Each score has a label with its propensity, so the weights are as many as there are scores.
    weights = 1 / chance[labelled]
    total, spread = float(weights.sum()), math.sqrt(float((weights * (weights - 1)).sum()))
    away = abs(total - len(chance))
    if away > max(_TOLERATED_Z * spread, _TOLERATED_SHARE * len(chance)):
        return (
            f"the logged propensities stand for {total:.0f} scores and there are {len(chance)}:"
            " some scores had no chance of a label, or the log is wrong"
        )
    return None


def _unknown(reason: str) -> dict[str, Any]:
    return {
        "status": "not identifiable",
        "reason": reason,
        "effective_n": None,
        "largest_weight": None,
        "kpis": None,
        "horvitz_thompson": None,
        "balance": [],
    }
