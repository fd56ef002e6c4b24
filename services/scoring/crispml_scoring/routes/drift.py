"""Drift: how far the scores and labels of a period are from the training data."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request
from pydantic import Field
from starlette.responses import HTMLResponse, Response

from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.content import HTML, JSON, negotiate
from crispml_core.rest.requests import Moment, RequestModel
from crispml_core.rest.routes.reports import PAGE_HEADERS
from crispml_core.rest.strict_route import StrictRoute
from crispml_core.rest.turns import COMPUTING
from crispml_scoring.parts import parts_of


class DriftQuery(RequestModel):
    """Which scores are compared with what."""

    start: Moment | None = Field(None, alias="from")
    """First moment of the period; 30 days before its end by default. Counts are kept by hour."""

    end: Moment | None = Field(None, alias="to")
    """First moment after the period; now by default."""

    version: str | None = None
    """The model version; the champion by default."""

    segment: str | None = None
    """Only the scores of one group, for example `sex=female`."""

    window: Literal["hour", "day", "week"] = "day"
    """The windows of the trend."""

    format: Literal["json", "html"] | None = None
    """`json` or `html`, for a link; goes before `Accept`."""


def drift_router() -> APIRouter:
    """Return the route of drift reports."""
    router = APIRouter(prefix=API, route_class=StrictRoute)

    @router.get(
        "/use-cases/{use_case}/drift",
        tags=["drift"],
        summary="Compare scores with the training data",
        dependencies=[COMPUTING],
        response_model=dict[str, Any],
        responses={200: {"content": {HTML: {"schema": {"type": "string"}}}}},
    )
    def drift(
        request: Request,
        use_case: str,
        query: Annotated[DriftQuery, Query()],
        accept: Annotated[str | None, Header()] = None,
    ) -> Response:
        """Return what drifted in a period, which values moved and since when; JSON or HTML."""
        wanted = {"json": JSON, "html": HTML}.get(query.format or "") or negotiate(
            accept, (JSON, HTML)
        )
        report = parts_of(request).drift.drift(
            use_case,
            start=query.start,
            end=query.end,
            version=query.version,
            segment=query.segment,
            window=query.window,
        )
        if wanted == HTML:
            from crispml_core.reporting.drift_page import render_drift  # loads matplotlib

            return HTMLResponse(render_drift(report), headers=PAGE_HEADERS)
        return answer(report, headers={"Vary": "Accept"})

    return router
