"""Judging a version in service, and what was judged."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from crispml_core.domain.health import HealthVerdict
from crispml_core.rest.access.caller import who_asks
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.pagination import Page, PageQuery, whole_answer
from crispml_core.rest.preferences import IdempotencyHeader
from crispml_core.rest.strict_route import StrictRoute
from crispml_training.parts import parts_of
from crispml_training.requests import VerdictRequest


def version_health_router() -> APIRouter:
    """Return the routes of verdicts on versions."""
    router = APIRouter(
        prefix=f"{API}/models/{{model}}/versions/{{version}}/health",
        tags=["models"],
        route_class=StrictRoute,
    )

    @router.post(
        "",
        status_code=201,
        summary="Judge a version in service",
        responses={201: {"model": HealthVerdict, "description": "The verdict, as it is kept."}},
    )
    def judge_version(
        request: Request, model: str, version: str, body: VerdictRequest, promise: IdempotencyHeader
    ) -> Response:
        """Keep a verdict; an unfit champion is answered for by the fallback within a second."""
        verdict = parts_of(request).training.judge_version(
            model,
            version,
            healthy=body.healthy,
            reason=body.reason,
            evidence=body.evidence,
            judged_by=who_asks(request, "judged_by", body.judged_by),
            idempotency_key=promise.key,
            fingerprint=promise.fingerprint,
        )
        return answer(verdict, 201)

    @router.get("", summary="What was judged about a version?", response_model=Page[HealthVerdict])
    def list_verdicts(
        request: Request, model: str, version: str, query: Annotated[PageQuery, Query()]
    ) -> Response:
        """Return every verdict on a version, newest first; a version without one is fit."""
        training = parts_of(request).training
        training.stores.models.get(model, version)
        verdicts = training.stores.health.history(model, version)
        return whole_answer(request, verdicts, lambda verdict: str(verdict.sequence), query)

    return router
