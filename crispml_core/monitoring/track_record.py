"""How well the estimator has done before, where the truth has come since.

The labelled scores are cut into slices of time. For each slice the KPIs are estimated as they would
have been before its labels came, that is with probabilities corrected by the labels of earlier
slices alone, and held against what came true. A reader who sees an estimate can so see whether to
believe it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.stats import t

from crispml_core.domain.targets import CostMatrix, Task
from crispml_core.monitoring import intervals
from crispml_core.monitoring.estimation import (
    NO_NUMBERS,
    NO_PROBABILITIES,
    Expectation,
    by_class,
    content_keys,
)
from crispml_core.monitoring.intervals import Interval
from crispml_core.monitoring.kpis import kpis_with_intervals, values_of
from crispml_core.monitoring.ordering import by_content
from crispml_core.monitoring.recalibration import recalibrate, thinned

MIN_SLICES = 3
"""Fewer say nothing about a bias."""

MOST_OF_SLICE = 10_000
"""Of a larger slice so many records are compared."""


def track_record(
    task: Task,
    prediction: np.ndarray | None,
    decision: np.ndarray | None,
    y: np.ndarray,
    slices: np.ndarray,
    *,
    costs: CostMatrix | None = None,
) -> dict[str, Any]:
    """Return, by KPI, how estimates compare with what came true in past slices.

    Parameters
    ----------
    task, prediction, decision, costs
        As in `crispml_core.monitoring.estimation.estimate`, of labelled scores only.
    y : ndarray of shape (n,)
        The truth as class codes.
    slices : ndarray of int, shape (n,)
        The slice of time of each score; a higher number is later, a negative one takes no part.

    Returns
    -------
    dict
        ``reason`` is None or says why there is none. ``slices`` lists ``slice``, ``n``, whether the
        probabilities were ``recalibrated``, and by KPI the ``estimated`` interval and the
        ``realised`` value. ``kpis`` has by KPI the number of ``slices`` where both are defined, the
        ``bias`` (mean of estimate minus realised, with its interval from Student's t), the mean
        ``absolute_error`` and the share ``inside`` of realised values in the estimate's interval,
        with Wilson's interval.
    """
    if task == "regression" or prediction is None:
        return {"reason": NO_NUMBERS if task == "regression" else NO_PROBABILITIES}
    numbers = [int(number) for number in np.unique(slices) if number >= 0]
    if len(numbers) < MIN_SLICES:
        return {"reason": f"fewer than {MIN_SLICES} slices of time have labels"}
    P, every = by_class(prediction), np.ones(len(y), bool)
    order = by_content((slices, *content_keys(P, decision, y, every)))
    P, y, slices = P[:, order], y[order].astype(np.int64), slices[order]
    decision = None if decision is None else decision[order]
    found = []
    for number in numbers:
        # Evenly spread over the scores; of earlier slices as many as of this one.
        now = thinned(np.flatnonzero(slices == number), MOST_OF_SLICE)
        before = thinned(np.flatnonzero((slices < number) & (slices >= 0)), MOST_OF_SLICE)
        rows = np.sort(np.concatenate((now, before)))
        decided = None if decision is None else decision[rows]
        known = slices[rows] < number
        calibrated = recalibrate(P[:, rows], y[rows], known, cross_fit=False)
        expect = Expectation(task, P[:, rows], decided, costs, known, calibrated)
        found.append(_compare(expect, y[rows], number))
    names = list(found[0]["kpis"])
    return {
        "reason": None,
        "slices": found,
        "kpis": {name: _summary([part["kpis"][name] for part in found]) for name in names},
    }


def _compare(expect: Expectation, y: np.ndarray, number: int) -> dict[str, Any]:
    """Return what was expected of the records without a label beside what they were."""
    rows = np.flatnonzero(~expect.labelled)
    estimated = expect.part(rows, expect.calibrated.Q)["kpis"]
    P = expect.P[:, rows]
    realised = values_of(
        kpis_with_intervals(
            expect.task,
            y[rows],
            P[1] if expect.task == "binary" else P.T,
            decision=None if expect.decision is None else expect.decision[rows],
            costs=expect.costs,
            n_classes=len(P),
            bounds=False,
        )
    )
    return {
        "slice": number,
        "n": len(rows),
        "recalibrated": not expect.calibrated.reason,
        "kpis": {
            name: {"estimated": found, "realised": realised[name]}
            for name, found in estimated.items()
        },
    }


def _summary(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    known = [
        (pair["estimated"], pair["realised"])
        for pair in pairs
        if pair["estimated"]["value"] is not None and pair["realised"] is not None
    ]
    errors = np.array([estimated["value"] - realised for estimated, realised in known])
    inside = [estimated["low"] <= realised <= estimated["high"] for estimated, realised in known]
    return {
        "slices": len(known),
        "bias": _mean_of_few(errors),
        "absolute_error": math.fsum(np.abs(errors)) / len(errors) if len(errors) else None,
        "inside": intervals.wilson(sum(inside), len(inside)),
    }


def _mean_of_few(values: np.ndarray) -> Interval:
    """Return a mean with its interval from Student's t."""
    if len(values) < 2:
        return intervals.interval(float(values[0]) if len(values) else None)
    mean = math.fsum(values) / len(values)
    error = math.sqrt(math.fsum((values - mean) ** 2) / (len(values) - 1) / len(values))
    half = float(t.ppf((1 + intervals.LEVEL) / 2, len(values) - 1)) * error
    return intervals.interval(mean, mean - half, mean + half)
