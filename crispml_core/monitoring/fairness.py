"""Whether groups are treated alike, with intervals, and a verdict that chance does not make.

A group counts as treated unequally only if the difference is beyond what is tolerated *and* is
significant after Holm's correction over all groups, criteria and attributes. It counts as treated
alike only if the whole interval lies within what is tolerated. All else is undecided, and so is
whatever rests on labels that speak for some kinds of scores only: where just the cases that were
decided for get labels, every group has a true positive rate of 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from crispml_core.domain.fairness import WITHOUT_LABELS, Fairness
from crispml_core.domain.targets import Task
from crispml_core.monitoring.drift.correction import adjusted
from crispml_core.monitoring.fair_groups import Attribute, compare_decisions, compare_numbers
from crispml_core.tables.groupings import Grouping

LEVEL = 0.05


def fairness(
    declared: Sequence[Fairness],
    task: Task,
    prediction: np.ndarray | None,
    decision: np.ndarray | None,
    y: np.ndarray,
    labelled: np.ndarray,
    segments: Mapping[str, Grouping],
    *,
    classes: tuple[str, ...] = (),
    min_group: int = 1,
    labels_speak_for_all: bool = True,
) -> dict[str, Any]:
    """Return, by declared attribute, how its groups are treated.

    Parameters
    ----------
    declared : sequence of Fairness
        What is looked at.
    task, prediction, decision, y, labelled
        As in `crispml_core.monitoring.estimation.estimate`; for a regression `prediction` and `y`
        are numbers. What needs no labels is there without any.
    segments : mapping of str to Grouping
        By segment, the group of each score.
    classes : tuple of str
        Names of the classes by code.
    min_group : int
        Groups of fewer scores, and the truth of groups of fewer labels, are withheld, see
        `crispml_core.monitoring.suppression`.
    labels_speak_for_all : bool
        Whether the labelled scores are a fair sample. If not, what rests on labels is shown, and
        its verdict is ``undecided``.

    Returns
    -------
    dict
        ``level``, ``tests`` (how many were corrected for) and ``attributes``. An attribute has
        ``segment``, ``favourable``, ``reference`` (the declared or the largest group),
        ``tolerances``, ``groups``, ``extremes`` (the smallest ratio of selection rates and the
        largest difference of true or false positive rates between any two groups), a ``verdict``
        ``fair``, ``unfair`` or ``undecided`` and its ``reasons``. A group has its ``rates``,
        its ``calibration``, and ``compared`` with the reference: by measure ``value``, ``low``,
        ``high``, ``p_value``, and for the criteria ``p_adjusted`` and ``verdict``.
    """
    attributes = []
    for fair in declared:
        grouping = segments[fair.segment]
        if task == "regression":
            assert prediction is not None
            found = compare_numbers(fair, grouping, prediction, y, labelled, min_group)
        else:
            assert decision is not None
            code = classes.index(str(fair.favourable))
            found = compare_decisions(
                fair,
                grouping,
                decision == code,
                np.where(labelled, y, -1) == code,
                labelled,
                _probability(prediction, code),
                min_group,
            )
        attributes.append(found)
    tests = [
        part
        for found in attributes
        for group in found.groups
        for name, part in group.get("compared", {}).items()
        if name in found.fair.criteria and part["p_value"] is not None
        if labels_speak_for_all or name in WITHOUT_LABELS
    ]
    for part, p in zip(tests, adjusted([part["p_value"] for part in tests], "holm"), strict=True):
        part["p_adjusted"] = p
    return {
        "level": LEVEL,
        "correction": "holm",
        "tests": len(tests),
        "attributes": [_judged(found, labels_speak_for_all) for found in attributes],
    }


def _probability(prediction: np.ndarray | None, code: int) -> np.ndarray | None:
    """Return the probability of a class; a binary task stores that of class 1."""
    if prediction is None:
        return None
    if prediction.ndim == 2:
        return np.asarray(prediction[:, code])
    return prediction if code == 1 else 1 - prediction


def _judged(found: Attribute, labels_speak_for_all: bool) -> dict[str, Any]:
    """Return an attribute with the verdict on each comparison and on the whole."""
    fair, reasons, verdicts = found.fair, list(found.reasons), []
    left_open = set() if labels_speak_for_all else set(fair.criteria) - set(WITHOUT_LABELS)
    if left_open:
        reasons.append(
            f"labels came for some kinds of scores only, so nothing is said about "
            f"{', '.join(sorted(left_open))}"
        )
    for group in found.groups:
        for name in fair.criteria:
            part = group.get("compared", {}).get(name)
            if part is None:
                continue
            part["verdict"] = (
                "undecided" if name in left_open else _verdict(part, *_limits(fair, name))
            )
            verdicts.append(part["verdict"])
            if part["verdict"] == "unfair":
                reasons.append(
                    f"{group['group']}: {name} of {part['value']:.3g} is beyond what is tolerated"
                    f" (adjusted p-value {part['p_adjusted']:.2g})"
                )
    undecided = sum(verdict == "undecided" for verdict in verdicts)
    if "unfair" in verdicts:
        verdict = "unfair"
    elif undecided or found.reasons or not verdicts:
        verdict = "undecided"
        if undecided:
            reasons.append(f"{undecided} of {len(verdicts)} comparisons leave it open")
    else:
        verdict = "fair"
    tolerances = asdict(fair)
    return {
        "segment": fair.segment,
        "favourable": fair.favourable,
        "reference": found.reference,
        "criteria": list(fair.criteria),
        "tolerances": {
            name: tolerances[name] for name in ("ratio", "difference", "calibration", "residual")
        },
        "groups": found.groups,
        "suppressed": found.suppressed,
        "extremes": found.extremes,
        "verdict": verdict,
        "reasons": reasons,
    }


def _limits(fair: Fairness, criterion: str) -> tuple[float, float]:
    """Return the least and the largest value that is tolerated."""
    if criterion == "disparate_impact":
        return fair.ratio, 1 / fair.ratio
    tolerated = {"calibration": fair.calibration, "mean_residual": fair.residual}
    most = tolerated.get(criterion, fair.difference)
    return -most, most


def _verdict(part: Mapping[str, Any], least: float, most: float) -> str:
    if part["value"] is None or part["low"] is None:
        return "undecided"
    if least <= part["low"] and part["high"] <= most:
        return "fair"
    beyond = not least <= part["value"] <= most
    significant = part["p_adjusted"] is not None and part["p_adjusted"] < LEVEL
    return "unfair" if beyond and significant else "undecided"
