"""Model reports as the report routes read them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from fastapi import Request

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.models import ArtefactKind
from crispml_core.domain.reports import ReportQuestion, content_digest
from crispml_core.rest.routes.reports import ReportDocument, ReportsQuery, ReportView
from crispml_training.parts import parts_of


class ModelReports:
    """Reports of fitted models, which are artefacts."""

    def find(self, request: Request, query: ReportsQuery, limit: int) -> Sequence[ReportView]:
        """Return at most `limit` reports, newest first, older than the one the query names."""
        if query.asked != ReportQuestion() or query.digest is not None:
            raise InvalidInput(
                "from, to, version, as_of and digest are about verification reports, which the "
                "scoring service has"
            )
        artefacts = parts_of(request).artefacts.find(query.use_case, ArtefactKind.REPORT)
        start = 0
        if query.before is not None:
            places = {artefact.id: place for place, artefact in enumerate(artefacts, 1)}
            start = places.get(query.before, 0)
            if start == 0:
                raise InvalidInput("cursor: the report that it names is not there any more")
        return [
            ReportView(
                id=artefact.id,
                use_case=artefact.use_case,
                created_at=artefact.created_at,
                facts=artefact.facts,
            )
            for artefact in artefacts[start : start + limit]
        ]

    def get(self, request: Request, report_id: str) -> ReportDocument:
        """Return the report, or raise `NotFound`."""
        artefacts = parts_of(request).artefacts
        artefact = artefacts.get(report_id, ArtefactKind.REPORT)
        content = msgspec.json.decode(artefacts.read(report_id, "report.json"))
        return ReportDocument(
            id=artefact.id,
            use_case=artefact.use_case,
            created_at=artefact.created_at,
            content=content,
            digest=content_digest(content),
        )

    def page(self, request: Request, report_id: str) -> str:
        """Return the page that was stored with the report, or raise `NotFound`."""
        artefacts = parts_of(request).artefacts
        artefacts.get(report_id, ArtefactKind.REPORT)
        return artefacts.read(report_id, "report.html").decode()
