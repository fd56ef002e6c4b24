"""What the stores hold, as nodes of the lineage graph; no value of a record is in them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from crispml_core.domain.datasets import DataSet
from crispml_core.domain.labels import StoredLabel
from crispml_core.domain.lineage import Node, NodeKind, ScoreCount
from crispml_core.domain.models import AliasEvent, Artefact, ArtefactKind, ModelVersion
from crispml_core.domain.reports import VerificationReport
from crispml_core.domain.runs import SCORING_METHODS, Run
from crispml_core.domain.scores import Score

DECLARED = "declared"
"""The kind of the source of raw data whose manifest does not say it."""


def source_node(use_case: str, kind: str) -> Node:
    """Return where the raw data of a use case were read."""
    return Node(
        kind=NodeKind.SOURCE,
        id=f"{use_case}.{kind}",
        name=f"{kind} source of {use_case}",
        link=f"/use-cases/{use_case}",
        facts={"use_case": use_case, "kind": kind},
    )


def dataset_node(dataset: DataSet) -> Node:
    """Return a data set."""
    return Node(
        kind=NodeKind.DATASET,
        id=dataset.id,
        name=f"{dataset.stage} data of {dataset.use_case}",
        moment=dataset.created_at,
        link=f"/datasets/{dataset.id}",
        facts={
            "use_case": dataset.use_case,
            "stage": dataset.stage.value,
            "rows": dataset.rows,
            "content_digest": dataset.content_digest,
            "parameters": dataset.parameters,
        },
    )


def artefact_node(artefact: Artefact) -> Node:
    """Return a curation, a fitted model or a training report."""
    is_report = artefact.kind is ArtefactKind.REPORT
    what = "training report" if is_report else artefact.kind.value
    return Node(
        kind=NodeKind.REPORT if is_report else NodeKind.ARTEFACT,
        id=artefact.id,
        name=f"{what} of {artefact.facts.get('algorithm', artefact.use_case)}",
        moment=artefact.created_at,
        link=f"/reports/{artefact.id}" if is_report else None,
        facts={
            "use_case": artefact.use_case,
            "kind": what,
            "files": {file.name: file.sha256 for file in artefact.files},
        },
    )


def version_node(manifest: ModelVersion) -> Node:
    """Return a model version."""
    return Node(
        kind=NodeKind.VERSION,
        id=f"{manifest.model}:{manifest.version}",
        name=f"{manifest.model} {manifest.version}",
        moment=manifest.created_at,
        link=f"/models/{manifest.model}/versions/{manifest.version}",
        facts={
            "algorithm": manifest.algorithm,
            "use_case_version": manifest.use_case_version,
            "use_case_digest": manifest.use_case_digest,
            "seed": manifest.seed,
            "libraries": manifest.libraries,
        },
    )


def alias_node(event: AliasEvent, until: datetime | None) -> Node:
    """Return a period in which an alias pointed at one version."""
    return Node(
        kind=NodeKind.ALIAS,
        id=f"{event.model}:{event.alias}:{event.sequence}",
        name=f"{event.alias} of {event.model}",
        moment=event.moved_at,
        link=f"/models/{event.model}/aliases/{event.alias}/history",
        facts={
            "version": event.version,
            "until": until,
            "moved_by": event.moved_by,
            "reason": event.reason,
        },
    )


def month_of(month: str) -> tuple[datetime, datetime]:
    """Return the window [start, end) of a month such as ``2026-03``; `ValueError` for none."""
    start = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    return start, start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


def scores_node(model: str, counts: list[ScoreCount]) -> Node:
    """Return the scores of one version in one month, whatever alias was asked for."""
    one = counts[0]
    return Node(
        kind=NodeKind.SCORES,
        id=f"{model}:{one.version}:{one.month}",
        name=f"scores of {one.version} in {one.month}",
        moment=min(count.first for count in counts),
        link="/scores",
        service="scoring",
        facts={
            "scores": sum(count.scores for count in counts),
            "by_alias": {count.alias or "none": count.scores for count in counts},
            "last": max(count.last for count in counts),
        },
    )


def score_node(score: Score) -> Node:
    """Return a single score."""
    return Node(
        kind=NodeKind.SCORE,
        id=score.score_id,
        name=f"score of {score.use_case}",
        moment=score.scored_at,
        link=f"/scores/{score.score_id}",
        service="scoring",
        facts={
            "model": score.model,
            "version": score.version,
            "group_id": score.group_id,
            "request_id": score.request_id,
        },
    )


def label_node(label: StoredLabel) -> Node:
    """Return a label, without its value."""
    return Node(
        kind=NodeKind.LABEL,
        id=label.label_id,
        name=f"label of {label.use_case}",
        moment=label.received_at,
        link="/labels",
        service="scoring",
        facts={
            "label_time": label.label_time,
            "is_current": label.is_current,
            "source": label.source,
            "supersedes": label.supersedes,
        },
    )


def verification_node(report: VerificationReport) -> Node:
    """Return a verification report."""
    content = report.content
    facts: dict[str, Any] = {"use_case": report.use_case, "kind": "verification report"}
    return Node(
        kind=NodeKind.REPORT,
        id=report.id,
        name=f"verification report of {report.use_case}",
        moment=report.created_at,
        link=f"/reports/{report.id}",
        service="scoring",
        facts=facts | {name: content.get(name) for name in ("window", "scored", "labelled")},
    )


def run_node(run: Run) -> Node:
    """Return a run."""
    return Node(
        kind=NodeKind.RUN,
        id=run.id,
        name=f"{run.method} of {run.use_case}",
        moment=run.started_at or run.created_at,
        link=f"/runs/{run.id}",
        service="scoring" if run.method in SCORING_METHODS else "training",
        facts={"method": run.method, "status": run.status.value, "finished": run.finished_at},
    )


def gone_node(kind: NodeKind, identifier: str, what: str) -> Node:
    """Return something that others name and that is not in these stores any more, or never was."""
    return Node(
        kind=kind, id=identifier, name=f"{what}, not in this registry", facts={"gone": True}
    )
