"""Making a version again to see whether it is the same."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from crispml_core.domain.runs import REPRODUCE
from crispml_core.rest.app import API
from crispml_core.rest.preferences import IdempotencyHeader, Prefer
from crispml_core.rest.strict_route import StrictRoute
from crispml_training.parts import parts_of
from crispml_training.requests import RunRequest
from crispml_training.routes.methods import RUN_ANSWERS
from crispml_training.submit import submit


def reproduce_router() -> APIRouter:
    """Return the route that starts a run which makes a version again."""
    router = APIRouter(prefix=f"{API}/models", tags=["models"], route_class=StrictRoute)

    @router.post(
        "/{model}/versions/{version}/reproduce",
        status_code=202,
        summary="Make a version again and compare",
        responses=RUN_ANSWERS,
    )
    async def reproduce(
        request: Request,
        model: str,
        version: str,
        body: Annotated[RunRequest, Body(default_factory=RunRequest)],
        promise: IdempotencyHeader,
        prefer: Prefer = None,
    ) -> Response:
        """Train again from the recorded data, definition, seed and hyperparameters.

        The result of the run says `identical`, `same answers` or `different`, and what differs.
        Nothing is published.
        """
        manifest = await run_in_threadpool(parts_of(request).models.get, model, version)
        return await submit(
            request,
            manifest.use_case,
            REPRODUCE,
            {"model": model, "version": version},
            body.timeout_s,
            promise,
            prefer,
        )

    return router
