"""How long rows are kept, and what grew too old."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request
from pydantic import Field
from starlette.responses import Response

from crispml_core.domain.retention import RetentionOutcome
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.requests import RequestModel
from crispml_core.rest.strict_route import StrictRoute
from crispml_training.parts import parts_of


class RetentionRequest(RequestModel):
    """How long one request may go on."""

    within_s: float = Field(20.0, gt=0, le=60, allow_inf_nan=False)
    """No further step begins after so many seconds; `complete` says whether to ask again."""


def retention_router() -> APIRouter:
    """Return the routes of retention."""
    router = APIRouter(prefix=f"{API}/retention", tags=["privacy"], route_class=StrictRoute)

    @router.get("", summary="What grew too old?", response_model=RetentionOutcome)
    def get_retention(request: Request) -> Response:
        """Return the rules of retention, and how many rows each of them would delete now."""
        return answer(parts_of(request).retention.look())

    @router.post("", summary="Delete what grew too old", response_model=RetentionOutcome)
    def follow_retention(
        request: Request,
        body: Annotated[RetentionRequest, Body(default_factory=RetentionRequest)],
    ) -> Response:
        """Follow the rules of retention in small steps, for some seconds.

        Each step is a transaction, so that nobody waits for long and nothing is lost when it is
        killed. What is gone is remembered by digests of keys, and no verification takes it for a
        loss.
        """
        return answer(parts_of(request).retention.follow(body.within_s))

    return router
