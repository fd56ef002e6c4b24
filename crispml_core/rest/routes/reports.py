"""Reports: of a fitted model in training, of a period of scores in scoring, read the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Header, Query, Request
from pydantic import Field
from starlette.responses import HTMLResponse, Response

from crispml_core.domain.reports import ReportQuestion
from crispml_core.reporting.tidy import render_table
from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.content import CSV, HTML, JSON, negotiate
from crispml_core.rest.pagination import Page, PageQuery, found_answer
from crispml_core.rest.requests import Moment, RequestModel
from crispml_core.rest.turns import DRAWING

# The page is self-contained: it needs its own styles and pictures, and nothing from anywhere.
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """A report as a list shows it."""

    id: str
    use_case: str
    created_at: datetime
    facts: dict[str, Any] = field(default_factory=dict)
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDocument:
    """A report as a whole; the digest is SHA-256 over its content alone, written canonically."""

    id: str
    use_case: str
    created_at: datetime
    content: dict[str, Any]
    digest: str


class ReportsQuery(PageQuery):
    """Which reports are wanted."""

    use_case: str | None = None
    """Only those of this use case."""

    start: Moment | None = Field(None, alias="from")
    """Only verification reports whose period starts exactly then."""

    end: Moment | None = Field(None, alias="to")
    """Only verification reports whose period ends exactly then."""

    version: str | None = None
    """Only verification reports that were asked for this model version."""

    as_of: Moment | None = None
    """Only verification reports of what was stored until exactly then."""

    digest: str | None = None
    """Only verification reports with this content."""

    @property
    def asked(self) -> ReportQuestion:
        """What the reports must have been asked."""
        return ReportQuestion(
            start=self.start, end=self.end, version=self.version, as_of=self.as_of
        )


class ReportSource(Protocol):
    """Where a service reads its reports."""

    def find(self, request: Request, query: ReportsQuery, limit: int) -> Sequence[ReportView]:
        """Return at most `limit` reports, newest first, older than the one the query names."""
        ...

    def get(self, request: Request, report_id: str) -> ReportDocument:
        """Return the report, or raise `NotFound`."""
        ...

    def page(self, request: Request, report_id: str) -> str:
        """Return the report as a self-contained HTML page, or raise `NotFound`."""
        ...


class FormatQuery(RequestModel):
    """How the report is wanted; goes before ``Accept``."""

    format: Literal["json", "html", "csv"] | None = Field(None)
    """`json`, `html` or `csv`, for a link."""


def report_router(source: ReportSource) -> APIRouter:
    """Return the read-only routes of the reports in `source`."""
    router = APIRouter(prefix=f"{API}/reports", tags=["reports"], route_class=GuardedRoute)

    @router.get("", summary="List the reports", response_model=Page[ReportView])
    def list_reports(request: Request, query: Annotated[ReportsQuery, Query()]) -> Response:
        """Return reports, newest first."""
        views = source.find(request, query, query.limit + 1)
        return found_answer(request, views, lambda view: view.id, query)

    @router.get(
        "/{report_id}",
        summary="Read a report",
        dependencies=[DRAWING],
        response_model=ReportDocument,
        responses={
            200: {"content": {media: {"schema": {"type": "string"}} for media in (HTML, CSV)}}
        },
    )
    def get_report(
        request: Request,
        report_id: str,
        query: Annotated[FormatQuery, Query()],
        accept: Annotated[str | None, Header()] = None,
    ) -> Response:
        """Return a report as JSON, as one HTML page, or its numbers as a CSV table."""
        named = {"json": JSON, "html": HTML, "csv": CSV}
        wanted = named.get(query.format or "") or negotiate(accept, tuple(named.values()))
        if wanted == HTML:
            return HTMLResponse(source.page(request, report_id), headers=PAGE_HEADERS)
        report = source.get(request, report_id)
        if wanted == CSV:
            return _table(report)
        return answer(report, headers={"Vary": "Accept"})

    return router


def _table(report: ReportDocument) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{report.use_case}-{report.id}.csv"',
        "Vary": "Accept",
    }
    return Response(render_table(report.content), media_type=CSV, headers=headers)
