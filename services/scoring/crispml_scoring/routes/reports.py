"""Method 9; reading a report is in the routes that both services share."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request
from starlette.responses import Response

from crispml_core.domain.reports import VerificationReport
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API, location
from crispml_core.rest.preferences import IdempotencyHeader
from crispml_core.rest.strict_route import StrictRoute
from crispml_core.rest.turns import COMPUTING
from crispml_scoring.parts import parts_of
from crispml_scoring.requests import ReportRequest


def new_report_router() -> APIRouter:
    """Return the route of method 9."""
    router = APIRouter(prefix=API, route_class=StrictRoute)

    @router.post(
        "/use-cases/{use_case}/new-data-report",
        status_code=201,
        tags=["NewDataReport"],
        summary="Verify scores",
        dependencies=[COMPUTING],
        responses={201: {"model": VerificationReport, "description": "The new report."}},
    )
    def new_data_report(
        request: Request,
        use_case: str,
        body: Annotated[ReportRequest, Body(default_factory=ReportRequest)],
        promise: IdempotencyHeader,
    ) -> Response:
        """Compare the scores of a period with their ground truth, and store the report."""
        scoring = parts_of(request).scoring
        assert scoring is not None
        report = scoring.report(
            use_case,
            start=body.start,
            end=body.end,
            version=body.version,
            as_of=body.as_of,
            idempotency_key=promise.key,
            fingerprint=promise.fingerprint,
        )
        return answer(report, 201, {"Location": location(request, f"/reports/{report.id}")})

    return router
