"""How a challenger stands against the champion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from crispml_core.domain.models import CHAMPION
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.requests import Moment, RequestModel
from crispml_core.rest.strict_route import StrictRoute
from crispml_core.rest.turns import COMPUTING
from crispml_scoring.parts import parts_of


class AsOfQuery(RequestModel):
    """The moment to answer for."""

    as_of: Moment | None = Field(None)
    """Only what was known until then; now when it is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeStatus:
    """Both versions, what the labels say, and what follows."""

    use_case: str
    as_of: datetime
    design: Literal["paired", "split"]
    metric: str
    champion: dict[str, Any]
    challenger: dict[str, Any]
    declared: dict[str, Any]
    records: dict[str, int]
    gain: dict[str, float | None]
    decision: Literal["promote", "keep", "wait"]
    decided_at: datetime | None
    decided_on: int | None
    reason: str
    serving: bool
    """Whether this process has the challenger loaded."""


def challenge_router() -> APIRouter:
    """Return the route of challenges."""
    router = APIRouter(prefix=f"{API}/models", tags=["aliases"], route_class=StrictRoute)

    @router.get(
        "/{model}/challenge",
        summary="How does the challenger stand?",
        dependencies=[COMPUTING],
        response_model=ChallengeStatus,
    )
    def get_challenge(
        request: Request, model: str, query: Annotated[AsOfQuery, Query()]
    ) -> Response:
        """Say promote, keep or wait by the labels that came, valid however often one asks."""
        parts = parts_of(request)
        found = parts.challenges.challenge(model, query.as_of)
        champion = parts.engine.models.find(model, CHAMPION)
        known = None if champion is None else champion.challenger
        serving = known is not None and known.served.version == found["challenger"]["version"]
        return answer(found | {"serving": serving})

    return router
