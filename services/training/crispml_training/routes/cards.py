"""The model card of a version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import HTMLResponse, Response

from crispml_core.pipelines.model_card import model_card
from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.content import HTML, JSON, negotiate
from crispml_core.rest.routes.reports import PAGE_HEADERS, FormatQuery
from crispml_core.rest.turns import DRAWING
from crispml_training.parts import parts_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What is known about a version; every number names the query that gives it."""

    schema_version: int
    kind: str
    model: str
    version: str
    sections: list[dict[str, Any]]


def card_router() -> APIRouter:
    """Return the route of model cards."""
    router = APIRouter(prefix=f"{API}/models", tags=["models"], route_class=GuardedRoute)

    @router.get(
        "/{model}/versions/{version}/card",
        summary="Read the model card of a version",
        dependencies=[DRAWING],
        response_model=ModelCard,
        responses={200: {"content": {HTML: {"schema": {"type": "string"}}}}},
    )
    def get_card(
        request: Request,
        model: str,
        version: str,
        query: Annotated[FormatQuery, Query()],
        accept: Annotated[str | None, Header()] = None,
    ) -> Response:
        """Return the card as JSON or as one HTML page, made anew from the facts of now."""
        parts = parts_of(request)
        wanted = {"json": JSON, "html": HTML}.get(query.format or "") or negotiate(
            accept, (JSON, HTML)
        )
        stores = parts.lineage().stores
        card = model_card(stores, parts.catalogue, model, version, drift=parts.drift)
        if wanted == HTML:
            from crispml_core.reporting.pages import render_card  # loads matplotlib

            return HTMLResponse(render_card(card), headers=PAGE_HEADERS)
        return answer(card, headers={"Vary": "Accept"})

    return router
