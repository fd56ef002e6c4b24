"""Reports: of a fitted model in training, of a period of scores in scoring, read the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Header, Query, Request
from pydantic import Field
from starlette.responses import HTMLResponse, Response

from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.content import HTML, JSON, negotiate
from crispml_core.rest.pagination import Page, PageQuery, page_answer
from crispml_core.rest.requests import RequestModel

# The page is self-contained: it needs its own styles and pictures, and nothing from anywhere.
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDocument:
    """A report as a whole."""

    id: str
    use_case: str
    created_at: datetime
    content: dict[str, Any]


class ReportSource(Protocol):
    """Where a service reads its reports."""

    def find(
        self, request: Request, use_case: str | None, limit: int, before: str | None
    ) -> Sequence[ReportView]:
        """Return reports, newest first, older than the report `before`."""
        ...

    def get(self, request: Request, report_id: str) -> ReportDocument:
        """Return the report, or raise `NotFound`."""
        ...

    def page(self, request: Request, report_id: str) -> str:
        """Return the report as a self-contained HTML page, or raise `NotFound`."""
        ...


class ReportsQuery(PageQuery):
    """Which reports are wanted."""

    use_case: str | None = None
    """Only those of this use case."""


class FormatQuery(RequestModel):
    """How the report is wanted; goes before ``Accept``."""

    format: Literal["json", "html"] | None = Field(None)
    """`json` or `html`, for a link."""


def report_router(source: ReportSource) -> APIRouter:
    """Return the read-only routes of the reports in `source`."""
    router = APIRouter(prefix=f"{API}/reports", tags=["reports"])

    @router.get("", summary="List the reports", response_model=Page[ReportView])
    def list_reports(request: Request, query: Annotated[ReportsQuery, Query()]) -> Response:
        """Return reports, newest first."""
        views = source.find(request, query.use_case, query.limit + 1, query.before)
        return page_answer(
            request, views[: query.limit], lambda view: view.id, len(views) > query.limit
        )

    @router.get(
        "/{report_id}",
        summary="Read a report",
        response_model=ReportDocument,
        responses={200: {"content": {HTML: {"schema": {"type": "string"}}}}},
    )
    def get_report(
        request: Request,
        report_id: str,
        query: Annotated[FormatQuery, Query()],
        accept: Annotated[str | None, Header()] = None,
    ) -> Response:
        """Return a report as JSON or as one HTML page."""
        wanted = {"json": JSON, "html": HTML}.get(query.format or "") or negotiate(
            accept, (JSON, HTML)
        )
        if wanted == HTML:
            return HTMLResponse(source.page(request, report_id), headers=_PAGE_HEADERS)
        return answer(source.get(request, report_id), headers={"Vary": "Accept"})

    return router
