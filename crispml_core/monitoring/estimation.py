"""What the KPIs are expected to be where labels are missing.

Confidence-based performance estimation: a probability that means what it says tells how likely
each outcome of its record is, so the expected confusion matrix, and all that follows from it, needs
no label. The idea and its assumptions are in NannyML's documentation of CBPE and in Bialek et al.
2024, Estimating Model Performance Under Covariate Shift Without Labels; the formulas here follow
from `crispml_core.monitoring.masses`: an unlabelled record has its probability as mass in each
class, a labelled one 1 in its class. A KPI that is a ratio is the ratio of the expectations, which
is its expectation up to terms of order 1 / n.

It holds when, at the same score, records with and without a label have the same chance of each
outcome, and the relation of score and outcome has not changed since the labels that correct the
probabilities. It cannot see such a change; `crispml_core.monitoring.track_record` can, later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from crispml_core.domain.targets import CostMatrix, Task
from crispml_core.monitoring import intervals, names
from crispml_core.monitoring.binary_masses import binary_slopes
from crispml_core.monitoring.masses import EVERY, Positions, Sloped, one_hot
from crispml_core.monitoring.multiclass_masses import multiclass_slopes
from crispml_core.monitoring.ordering import by_content
from crispml_core.monitoring.recalibration import (
    Recalibration,
    gradients,
    recalibrate,
    thinned,
)

NO_NUMBERS = (
    "for a regression nothing that is stored with a score says how large its own error is: the"
    " residuals of the calibration are the same for every record"
)
NO_PROBABILITIES = "the scores have no probabilities"


def estimate(
    task: Task,
    prediction: np.ndarray | None,
    decision: np.ndarray | None,
    y: np.ndarray,
    labelled: np.ndarray,
    *,
    costs: CostMatrix | None = None,
) -> dict[str, Any]:
    """Return the KPIs that are expected of scores, with and without labels.

    The intervals hold the draw of the truth given the probability, the draw of the records, and the
    error of the recalibration.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
        What kind of prediction.
    prediction : ndarray of shape (n,) or (n, k), or None
        The stored probability of class 1, or the probabilities by class; without NaN.
    decision : ndarray of shape (n,) or None
        The stored decisions as codes of the classes of today.
    y : ndarray of shape (n,)
        The truth as class codes, read only where `labelled`.
    labelled : ndarray of bool, shape (n,)
        Which scores have a label.
    costs : CostMatrix, optional
        For a binary task; without it a mistake costs 1.

    Returns
    -------
    dict
        ``reason`` is None, or says why there is no estimate, and nothing else is there.
        ``recalibration`` has ``used``, ``labels``, ``slope``, ``intercepts`` and ``reason``. Each
        of ``unlabelled``, ``labelled`` and ``all`` has ``n``, the expected ``kpis`` and, by truth
        and decision, the expected ``confusion``. ``combined`` is what the report would be if the
        missing labels came as expected: labelled scores count with their truth, the others with
        their expectation.
    """
    if task == "regression" or prediction is None:
        return {"reason": NO_NUMBERS if task == "regression" else NO_PROBABILITIES}
    P = by_class(prediction)
    order = by_content(content_keys(P, decision, y, labelled))
    P, labelled = P[:, order], labelled[order]
    decision = None if decision is None else decision[order]
    # What stands where there is no label must not matter.
    y = np.where(labelled, y[order], 0).astype(np.int64)
    calibrated = recalibrate(P, y, labelled)
    known = np.where(labelled, one_hot(y, len(P)), calibrated.Q)
    everything = np.arange(len(labelled))
    expect = Expectation(task, P, decision, costs, labelled, calibrated)
    unlabelled = expect.part(np.flatnonzero(~labelled), calibrated.Q)
    with_label = expect.part(np.flatnonzero(labelled), calibrated.Q)
    if labelled.all() or not labelled.any():
        whole = with_label if labelled.any() else unlabelled
    else:
        whole = expect.part(everything, calibrated.Q)
    return {
        "reason": None,
        "recalibration": facts(calibrated),
        "unlabelled": unlabelled,
        "labelled": with_label,
        "all": whole,
        "combined": expect.part(everything, known, with_truth=True) if labelled.any() else whole,
    }


def by_class(prediction: np.ndarray) -> np.ndarray:
    """Return probabilities of shape (k, n), also of a binary task."""
    if prediction.ndim == 2:
        return np.ascontiguousarray(prediction.T)
    return np.stack((1 - prediction, prediction))


def content_keys(
    P: np.ndarray, decision: np.ndarray | None, y: np.ndarray, labelled: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Return keys of `numpy.lexsort` that sort records by their content, the last class first.

    Equal records cannot be told apart, so what is computed in this order does not depend on the
    order of the rows. The last class of a binary task is the one whose probability is the score.
    """
    code = np.where(labelled, y, len(P)).astype(np.int64)
    if decision is not None:
        code = code * len(P) + decision.astype(np.int64)
    return (code, *(P if len(P) > 2 else P[1:]))


def facts(calibrated: Recalibration) -> dict[str, Any]:
    """Return what a reader must know of a recalibration."""
    used = not calibrated.reason
    return {
        "used": used,
        "labels": len(calibrated.fitted),
        "slope": float(calibrated.parameters[0]) if used else None,
        "intercepts": [float(value) for value in calibrated.parameters[1:]] if used else None,
        "reason": calibrated.reason or None,
    }


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """What is expected of records that lie in the order of their content.

    Parameters
    ----------
    task, costs
        As in `estimate`.
    P : ndarray of shape (k, n)
        The stored probabilities; two classes lie by the rising score of the second.
    decision : ndarray of shape (n,) or None
        The stored decisions.
    labelled : ndarray of bool, shape (n,)
        Which records have a label.
    calibrated : Recalibration
        Of all these records.
    """

    task: Task
    P: np.ndarray
    decision: np.ndarray | None
    costs: CostMatrix | None
    labelled: np.ndarray
    calibrated: Recalibration

    def part(
        self, rows: np.ndarray, masses: np.ndarray, *, with_truth: bool = False
    ) -> dict[str, Any]:
        """Return ``n``, ``kpis`` and ``confusion`` of some records.

        Parameters
        ----------
        rows : ndarray of int
            Their positions, rising.
        masses : ndarray of shape (k, n)
            The probability of each class, of all records.
        with_truth : bool
            Whether labelled records have all their mass in their class.
        """
        inside = masses[:, rows]
        decided = None if self.decision is None else self.decision[rows]
        sampled, counts = self._sample(rows)
        chosen = masses[:, sampled]
        gradients = self._gradients(sampled, with_truth)
        kpis = {
            name: intervals.interval(None)
            for name in names.KPI_NAMES[self.task]
            if name != "threshold"
        }
        for name, sloped in slopes(
            self.task,
            inside,
            self.P[:, rows],
            decided,
            self.costs,
            np.searchsorted(rows, sampled),
        ):
            # By the law of total variance, the second moment of what a record adds holds the draw
            # of its class and the draw of the record.
            variance = float((counts * (chosen * sloped.slopes**2).sum(axis=0)).sum())
            added = np.zeros(len(self.calibrated.fitted))
            for gradient, influence in zip(gradients, self.calibrated.influence, strict=True):
                added += float((counts * (gradient * sloped.slopes).sum(axis=0)).sum()) * influence
            variance += float((added**2).sum())
            if with_truth:
                # A label moves the KPI itself and, through the recalibration, the other records.
                own = (chosen * sloped.slopes).sum(axis=0)[self.labelled[sampled]]
                variance += 2 * float((own * added).sum())
            kpis[name] = sloped.interval(variance)
        confusion = None if decided is None else _confusion(inside, decided)
        return {"n": len(rows), "kpis": kpis, "confusion": confusion}

    def _sample(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the records that variances are computed from, and for how many each stands."""
        has_label = self.labelled[rows]
        with_label, without = rows[has_label], rows[~has_label]
        some = (thinned(with_label), thinned(without))
        each = np.concatenate(
            [
                np.full(len(part), len(whole) / max(1, len(part)))
                for part, whole in zip(some, (with_label, without), strict=True)
            ]
        )
        sampled = np.concatenate(some)
        order = np.argsort(sampled)
        return sampled[order], each[order]

    def _gradients(self, sampled: np.ndarray, with_truth: bool) -> list[np.ndarray]:
        """Return the derivative of the masses by each parameter of the recalibration."""
        found = gradients(self.P[:, sampled], self.calibrated.Q[:, sampled])
        moves = ~self.labelled[sampled] if with_truth else True
        return [part * moves for part in found]


def slopes(
    task: Task,
    masses: np.ndarray,
    P: np.ndarray | None,
    decision: np.ndarray | None,
    costs: CostMatrix | None,
    at: Positions = EVERY,
) -> Iterator[tuple[str, Sloped]]:
    """Yield the KPIs of a classification over masses; two classes lie by rising score."""
    if task == "binary":
        return binary_slopes(masses, None if P is None else P[1], decision, costs, at)
    return multiclass_slopes(masses, P, decision, at)


def _confusion(masses: np.ndarray, decision: np.ndarray) -> list[list[float]]:
    codes = range(len(masses))
    return [[float(part[decision == decided].sum()) for decided in codes] for part in masses]
