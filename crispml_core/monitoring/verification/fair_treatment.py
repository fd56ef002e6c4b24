"""Whether the groups that a use case declares are treated alike."""

from __future__ import annotations

from typing import Any

from crispml_core.domain.use_case import UseCase
from crispml_core.monitoring.fairness import fairness
from crispml_core.monitoring.verification.basis import NOTHING, REALISED
from crispml_core.monitoring.verification.comparable import Comparable


def fair_treatment(use_case: UseCase, scores: Comparable, basis: str) -> dict[str, Any] | None:
    """Return what `crispml_core.monitoring.fairness.fairness` finds; None where none is declared.

    Selection rates are over all scores; what needs the truth is over the labelled ones, and is
    judged only where the verdict may rest on these too, see
    `crispml_core.monitoring.verification.basis`.
    """
    declared = use_case.monitoring.fairness
    if not declared or len(scores) == 0:
        return None
    return fairness(
        declared,
        use_case.target.task,
        scores.prediction,
        scores.decision,
        scores.y,
        scores.labelled,
        scores.segments,
        classes=use_case.target.classes,
        min_group=use_case.monitoring.min_group,
        labels_speak_for_all=basis in (REALISED, NOTHING),
    )
