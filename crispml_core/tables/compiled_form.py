"""Whether a compiled model answers like the one it was compiled from."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

from crispml_core.domain.compiled import EXACT, ROUNDED, CompiledForm, Kind
from crispml_core.ports.scorer import Answers, Scorer

MAX_DEVIATION = 1e-6
"""Largest difference of a probability, or share of a number, with which a compiled form serves."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A compiled form that wants to serve.

    Parameters
    ----------
    scorer : Scorer
        What was read back from `content`.
    content : bytes
        The encoded plan.
    """

    scorer: Scorer
    content: bytes


def judge(candidate: Candidate, pairs: Iterable[tuple[Answers, Answers]]) -> CompiledForm:
    """Decide whether a compiled form serves.

    Parameters
    ----------
    candidate : Candidate
        The compiled form.
    pairs : iterable of pairs of Answers
        Answers of scikit-learn and of the compiled form to the same records.
    """
    plan = candidate.scorer.plan
    assert plan is not None
    deviation, rows, same = 0.0, 0, True
    for wanted, found in pairs:
        rows += len(wanted.predictions)
        deviation = max(deviation, _deviation(wanted, found))
        same = same and wanted.segments == found.segments and _same_decisions(wanted, found)
    reason = ""
    if not deviation <= MAX_DEVIATION:
        reason = f"the compiled form deviates by {deviation:.3g} from scikit-learn"
    elif not same:
        reason = "the compiled form decides one record differently from scikit-learn"
    rounds = plan.onnx is not None
    kind: Kind | None = None if reason else plan.kind
    return CompiledForm(
        kind=kind,
        reason=reason,
        deviation=deviation if math.isfinite(deviation) else None,
        rows=rows,
        tolerance=ROUNDED if rounds else EXACT,
    )


def _same_decisions(wanted: Answers, found: Answers) -> bool:
    is_class = isinstance(wanted.predictions[0], str)
    return not is_class or wanted.predictions == found.predictions


def _deviation(wanted: Answers, found: Answers) -> float:
    """Return the largest difference; infinite when one of both is not a number."""
    differences = [
        abs(one - other) for one, other in zip(_numbers(wanted), _numbers(found), strict=True)
    ]
    if wanted.by_class is None and not isinstance(wanted.predictions[0], str):
        sizes = [max(1.0, abs(number)) for number in wanted.predictions]
        differences = [x / size for x, size in zip(differences, sizes, strict=True)]
    return max(x if math.isfinite(x) else math.inf for x in differences)


def _numbers(answers: Answers) -> list[Any]:
    if answers.by_class is not None:
        return list(chain(*answers.by_class))
    is_class = isinstance(answers.predictions[0], str)
    return answers.probabilities if is_class else answers.predictions
