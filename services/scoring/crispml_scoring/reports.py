"""Verification reports as the report routes read them."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Request

from crispml_core.domain.reports import REPLAY
from crispml_core.rest.routes.reports import ReportDocument, ReportsQuery, ReportView
from crispml_scoring.parts import parts_of

# What a list shows of a report.
_FACTS = ("kind", "version", "window", "scored", "labelled", "coverage")


class VerificationReports:
    """Reports of periods of scores."""

    def find(self, request: Request, query: ReportsQuery, limit: int) -> Sequence[ReportView]:
        """Return at most `limit` reports, newest first, older than the one the query names."""
        found = parts_of(request).reports.find(
            use_case=query.use_case,
            asked=query.asked,
            digest=query.digest,
            limit=limit,
            before=query.before,
        )
        return [
            ReportView(
                id=report.id,
                use_case=report.use_case,
                created_at=report.created_at,
                facts={name: report.content.get(name) for name in _FACTS},
                digest=report.digest,
            )
            for report in found
        ]

    def get(self, request: Request, report_id: str) -> ReportDocument:
        """Return the report, or raise `NotFound`."""
        report = parts_of(request).reports.get(report_id)
        return ReportDocument(
            id=report.id,
            use_case=report.use_case,
            created_at=report.created_at,
            content=report.content,
            digest=report.digest,
        )

    def page(self, request: Request, report_id: str) -> str:
        """Return the report as a page, made from its content, or raise `NotFound`."""
        from crispml_core.reporting.pages import (  # loads matplotlib
            render_replay,
            render_verification,
        )

        content = parts_of(request).reports.get(report_id).content
        is_replay = content.get("kind") == REPLAY
        return render_replay(content) if is_replay else render_verification(content)
