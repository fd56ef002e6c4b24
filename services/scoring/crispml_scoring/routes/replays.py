"""Replay; reading what came out is in the routes that both services share."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from crispml_core.domain.reports import VerificationReport
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API, location
from crispml_core.rest.preferences import IdempotencyHeader
from crispml_core.rest.strict_route import StrictRoute
from crispml_core.rest.turns import COMPUTING
from crispml_scoring.parts import parts_of
from crispml_scoring.requests import ReplayRequest


def replay_router() -> APIRouter:
    """Return the route of replays."""
    router = APIRouter(prefix=API, route_class=StrictRoute)

    @router.post(
        "/use-cases/{use_case}/replays",
        status_code=201,
        tags=["reports"],
        summary="Replay scores",
        dependencies=[COMPUTING],
        responses={201: {"model": VerificationReport, "description": "The new report."}},
    )
    def new_replay(
        request: Request, use_case: str, body: ReplayRequest, promise: IdempotencyHeader
    ) -> Response:
        """Ask a version about the records of a window of the ledger, and store what differs.

        Nothing is written to the scores. The answer is a report of the kind `replay`.
        """
        report = parts_of(request).replays.replay(
            use_case,
            body.version,
            start=body.start,
            end=body.end,
            of_version=body.of_version,
            idempotency_key=promise.key,
            fingerprint=promise.fingerprint,
        )
        return answer(report, 201, {"Location": location(request, f"/reports/{report.id}")})

    return router
