"""Model reports as the report routes read them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from fastapi import Request

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.models import ArtefactKind
from crispml_core.rest.routes.reports import ReportDocument, ReportView
from crispml_training.parts import parts_of


class ModelReports:
    """Reports of fitted models, which are artefacts."""

    def find(
        self, request: Request, use_case: str | None, limit: int, before: str | None
    ) -> Sequence[ReportView]:
        """Return reports, newest first, older than the report `before`."""
        artefacts = parts_of(request).artefacts.find(use_case, ArtefactKind.REPORT)
        start = 0
        if before is not None:
            start = next((n for n, artefact in enumerate(artefacts, 1) if artefact.id == before), 0)
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
        return ReportDocument(
            id=artefact.id,
            use_case=artefact.use_case,
            created_at=artefact.created_at,
            content=msgspec.json.decode(artefacts.read(report_id, "report.json")),
        )

    def page(self, request: Request, report_id: str) -> str:
        """Return the page that was stored with the report, or raise `NotFound`."""
        artefacts = parts_of(request).artefacts
        artefacts.get(report_id, ArtefactKind.REPORT)
        return artefacts.read(report_id, "report.html").decode()
