"""What a model card says about a version after its release: verification, fairness, drift."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crispml_core.reporting.citations import Document

# The KPI that stands for all of a task.
_KPI = {"binary": "auc", "multiclass": "accuracy", "regression": "mae"}


def verification_table(verifications: Sequence[Document], version: str) -> dict[str, Any]:
    """Return one row per report: what was found, and what the verdict rests on.

    Of a report about several versions the KPI is that of the labelled scores of this one, because
    its verdict is about all of them.
    """
    columns = (
        "report",
        "made",
        "scored",
        "labelled",
        "kpi",
        "value",
        "low",
        "high",
        "rests on",
        "gates",
        "fairness",
    )
    return {
        "columns": list(columns),
        "rows": [_verified(document, version) for document in verifications],
    }


def _verified(document: Document, version: str) -> list[Any]:
    content = document.content["content"]
    versions = content["versions"]
    n = next(n for n, row in enumerate(versions) if row["version"] == version)
    at, kpi = ("content", "versions", n), _KPI[content["task"]]
    verdict = content.get("verdict") if len(versions) == 1 else None
    if verdict is not None:
        kpis: tuple[str | int, ...] = ("content", "verdict", "kpis")
    else:
        kpis = ("content", "kpis") if len(versions) == 1 else (*at, "kpis")
    attributes = (content.get("fairness") or {}).get("attributes", ())
    return [
        document.content["id"],
        document.content["created_at"],
        document.cite(*at, "scored"),
        document.cite(*at, "labelled"),
        kpi,
        *(document.cite(*kpis, kpi, part) for part in ("value", "low", "high")),
        "labelled scores of this version" if verdict is None else verdict["basis"],
        None if verdict is None else verdict["overall"],
        [f"{found['segment']}: {found['verdict']}" for found in attributes] or None,
    ]


def fairness_table(verifications: Sequence[Document]) -> dict[str, Any]:
    """Return the comparisons of the newest report that looked for unequal treatment."""
    columns = ("segment", "favourable", "group", "criterion", "value", "low", "high", "verdict")
    looked = [one for one in verifications if one.content["content"].get("fairness")]
    return {"columns": list(columns), "rows": _compared(looked[0]) if looked else []}


def _compared(document: Document) -> list[list[Any]]:
    rows = []
    for n, attribute in enumerate(document.content["content"]["fairness"]["attributes"]):
        for m, group in enumerate(attribute["groups"]):
            at = ("content", "fairness", "attributes", n, "groups", m, "compared")
            rows += [
                [
                    attribute["segment"],
                    attribute["favourable"],
                    group["group"],
                    criterion,
                    *(document.cite(*at, criterion, part) for part in ("value", "low", "high")),
                    found["verdict"],
                ]
                for criterion in attribute["criteria"]
                if (found := group.get("compared", {}).get(criterion)) is not None
            ]
    return rows


def drift_facts(drift: Document | None) -> dict[str, Any]:
    """Return the period of the drift, how many scores it has, and why it says nothing."""
    if drift is None:
        return {"drift_from": None}
    content = drift.content
    return {
        "drift_from": content["window"]["from"],
        "drift_to": content["window"]["to"],
        "drift_scores": drift.cite("rows"),
        "drift_detected_at": content["detected_at"] or "not detected",
        **({"drift_reason": content["reason"]} if content["reason"] else {}),
    }


def drift_table(drift: Document | None) -> dict[str, Any]:
    """Return by statistic the field that is farthest from the training data."""
    columns = ("statistic", "field", "value", "threshold", "adjusted p-value", "result")
    found = {} if drift is None else drift.content["worst"]
    rows = [
        [
            statistic,
            worst["field"],
            *(drift.cite("worst", statistic, part) for part in ("value", "threshold")),
            drift.cite("worst", statistic, "adjusted_p"),
            "alert" if worst["alert"] else "no alert",
        ]
        for statistic, worst in found.items()
        if drift is not None
    ]
    return {"columns": list(columns), "rows": rows}
