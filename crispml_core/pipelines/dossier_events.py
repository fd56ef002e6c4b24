"""What happened around a score until a moment: alerts, labels, reports, and later scores."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from crispml_core.domain.identifiers import moment_of_id
from crispml_core.domain.labels import StoredLabel
from crispml_core.domain.scores import Score
from crispml_core.pipelines.lineage import nodes
from crispml_core.pipelines.lineage.causes import covers
from crispml_core.pipelines.lineage.look import Look
from crispml_core.pipelines.lineage.stores import LineageStores
from crispml_core.ports.monitor_store import MonitorStore
from crispml_core.ports.report_store import ReportStore
from crispml_core.ports.score_ledger import ScoreLedger

_PAGE = 200
# A record that is scored every day for a year is shown whole.
_MOST = 400


def labels_as_of(stores: LineageStores, score: Score, at: datetime) -> list[StoredLabel]:
    """Return the labels of a score that had come, and which of them counted then."""
    found = Look(stores).labels(score.use_case, score.score_id, score.record_key)
    known = [label for label in found if label.received_at <= at]
    superseded = {label.supersedes for label in known}
    return [replace(label, is_current=label.label_id not in superseded) for label in known]


def alerts_at(
    findings: MonitorStore, use_case: str, scored_at: datetime, at: datetime
) -> list[dict[str, Any]]:
    """Return the alerts that fired when a score was made, oldest first.

    Only what an alert began with: how it went on is not of that moment.
    """
    found, before = [], None
    while page := findings.alerts(use_case=use_case, limit=_PAGE, before=before):
        found += page
        before = page[-1].id
    return [
        {
            "id": alert.id,
            "rule": alert.rule,
            "severity": alert.severity,
            "summary": alert.summary,
            "first_seen": alert.first_seen,
            "evaluation_id": alert.evaluation_id,
        }
        for alert in sorted(found, key=lambda alert: alert.id)
        if alert.first_seen <= scored_at
        and (alert.resolved_at is None or alert.resolved_at > scored_at)
        # An evaluation of a past moment may find later that a rule held then.
        and moment_of_id(alert.id) <= at
    ]


def reports_about(reports: ReportStore, score: Score, at: datetime) -> list[dict[str, Any]]:
    """Return the verification reports that had counted a score, oldest first."""
    scored_at, found, before = score.scored_at, [], None
    while page := reports.find(use_case=score.use_case, limit=_PAGE, before=before):
        found += [
            nodes.verification_node(report)
            for report in page
            if scored_at <= report.created_at <= at
            and covers(
                report.content, score.version, scored_at, scored_at + timedelta(microseconds=1)
            )
        ]
        before = page[-1].id
        if page[-1].created_at < scored_at:
            break
    return [{"id": one.id, "made_at": one.moment, **one.facts} for one in reversed(found)]


def later_scores(ledger: ScoreLedger, score: Score, at: datetime) -> list[dict[str, Any]]:
    """Return what the same record was scored later, oldest first; the first `_MOST`."""
    found: list[Score] = []
    before = None
    while page := ledger.find(
        use_case=score.use_case,
        record_key=score.record_key,
        start=score.scored_at,
        end=at + timedelta(microseconds=1),
        limit=_PAGE,
        before=before,
    ):
        found += page
        before = page[-1].score_id
    later = [one for one in reversed(found) if one.scored_at > score.scored_at]
    return [
        {
            "score_id": one.score_id,
            "scored_at": one.scored_at,
            "version": one.version,
            "prediction": one.prediction,
            "probability": one.probability,
        }
        for one in later[:_MOST]
    ]
