"""The dossier of a score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import HTMLResponse, Response

from crispml_core.domain.labels import StoredLabel
from crispml_core.domain.scores import Score
from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.content import HTML, JSON, negotiate
from crispml_core.rest.routes.reports import PAGE_HEADERS, FormatQuery
from crispml_core.rest.turns import DRAWING
from crispml_scoring.parts import parts_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything behind one score."""

    schema_version: int
    kind: str
    score: Score
    input: dict[str, Any]
    group: dict[str, Any]
    chain: dict[str, Any]
    version: dict[str, Any] | None
    code: dict[str, Any] | None
    data_sets: list[dict[str, Any]]
    alias: dict[str, Any] | None
    labels: list[StoredLabel]
    reports: list[dict[str, Any]]
    lineage: dict[str, Any]
    missing: list[str]


def dossier_router() -> APIRouter:
    """Return the route of dossiers."""
    router = APIRouter(prefix=f"{API}/scores", tags=["scores"], route_class=GuardedRoute)

    @router.get(
        "/{score_id}/dossier",
        summary="Read everything behind a score",
        dependencies=[DRAWING],
        response_model=Dossier,
        responses={200: {"content": {HTML: {"schema": {"type": "string"}}}}},
    )
    def get_dossier(
        request: Request,
        score_id: str,
        query: Annotated[FormatQuery, Query()],
        accept: Annotated[str | None, Header()] = None,
    ) -> Response:
        """Return the score, its stored input, version, data, code, alias, labels and reports.

        Its place in the hash chain is verified for the answer. JSON, or one HTML page.
        """
        from crispml_core.pipelines.dossier import dossier  # a process that only scores has no use

        wanted = {"json": JSON, "html": HTML}.get(query.format or "") or negotiate(
            accept, (JSON, HTML)
        )
        parts = parts_of(request)
        content = dossier(parts.lineage(), score_id, parts.privacy)
        if wanted == HTML:
            from crispml_core.reporting.pages import render_dossier  # loads matplotlib

            return HTMLResponse(render_dossier(content), headers=PAGE_HEADERS)
        return answer(content, headers={"Vary": "Accept"})

    return router
