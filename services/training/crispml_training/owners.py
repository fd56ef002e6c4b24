"""To which use case what has an id of its own belongs, in training."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import Request

from crispml_core.bootstrap.training import TrainingParts
from crispml_core.domain.models import ArtefactKind
from crispml_core.rest.access.owners import Owner
from crispml_training.parts import parts_of


def _by(kind: str, parameter: str, find: Callable[[TrainingParts, str], str], *more: str) -> Owner:
    def owners(request: Request) -> set[str]:
        parts, path = parts_of(request), request.path_params
        return {find(parts, path[name]) for name in (parameter, *more)}

    return Owner(kind, owners)


def _dataset(parts: TrainingParts, dataset_id: str) -> str:
    return parts.datasets.get(dataset_id).use_case


_DATASET = _by("data set", "dataset_id", _dataset)
_APPROVAL = _by(
    "approval", "approval_id", lambda parts, name: parts.monitor.approval(name).use_case
)

OWNERS: Mapping[str, Owner] = {
    **dict.fromkeys(("get_dataset", "patch_dataset", "list_notes"), _DATASET),
    **dict.fromkeys(("get_rows", "get_content", "get_privacy_report"), _DATASET),
    "diff": _by("data set", "dataset_id", _dataset, "other_id"),
    "get_report": _by(
        "report",
        "report_id",
        lambda parts, name: parts.artefacts.get(name, ArtefactKind.REPORT).use_case,
    ),
    "get_evaluation": _by(
        "evaluation", "evaluation_id", lambda parts, name: parts.findings.evaluation(name).use_case
    ),
    "acknowledge_alert": _by(
        "alert", "alert_id", lambda parts, name: parts.findings.alert(name).use_case
    ),
    "get_approval_request": _APPROVAL,
    "answer_approval_request": _APPROVAL,
}
"""By the name of the route."""
