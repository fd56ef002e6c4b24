"""The dossier of a score, in both services; a signed bundle of it where there is a key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import HTMLResponse, Response

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.labels import StoredLabel
from crispml_core.domain.scores import Score
from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API, parts_of
from crispml_core.rest.content import HTML, JSON, TAR, negotiate
from crispml_core.rest.requests import Moment, RequestModel
from crispml_core.rest.routes.reports import PAGE_HEADERS
from crispml_core.rest.turns import DRAWING
from crispml_core.serving.privacy import Privacy

ReadPrivate = Callable[[Request], Privacy]
"""Gives what decrypts stored values for somebody who may read them."""

PackDossier = Callable[[Request, dict[str, Any], str], bytes]
"""From a dossier and its page to a signed bundle of both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything behind one score, as of a moment."""

    schema_version: int
    kind: str
    at: datetime
    environment: str
    score: Score
    input: dict[str, Any]
    group: dict[str, Any]
    chain: dict[str, Any]
    version: dict[str, Any] | None
    approval: dict[str, Any] | None
    code: dict[str, Any] | None
    data_sets: list[dict[str, Any]]
    alias: dict[str, Any] | None
    alerts: list[dict[str, Any]]
    labels: list[StoredLabel]
    later_scores: list[dict[str, Any]]
    reports: list[dict[str, Any]]
    lineage: dict[str, Any]
    missing: list[str]


class DossierQuery(RequestModel):
    """As of when, and how the dossier is wanted."""

    at: Moment | None = None
    """As known at this moment; now when it is left out."""

    format: Literal["json", "html", "bundle"] | None = None
    """`json`, `html`, or `bundle` for a signed file with both and the evidence."""


def dossier_router(
    privacy: ReadPrivate | None = None, pack: PackDossier | None = None
) -> APIRouter:
    """Return the route of dossiers.

    Parameters
    ----------
    privacy : callable, optional
        Of a service that holds the keys of stored values; elsewhere they stay encrypted.
    pack : callable, optional
        Packs and signs; only a service that holds a key has it.
    """
    router = APIRouter(prefix=f"{API}/scores", tags=["scores"], route_class=GuardedRoute)

    @router.get(
        "/{score_id}/dossier",
        summary="Read everything behind a score",
        dependencies=[DRAWING],
        response_model=Dossier,
        responses={
            200: {
                "content": {
                    HTML: {"schema": {"type": "string"}},
                    TAR: {"schema": {"type": "string", "format": "binary"}},
                }
            }
        },
    )
    def get_dossier(
        request: Request,
        score_id: str,
        query: Annotated[DossierQuery, Query()],
        accept: Annotated[str | None, Header()] = None,
    ) -> Response:
        """Return all that was known about a score at a moment, the same to the byte ever after.

        The score, its stored input, version, approval, data, code, alias, alerts, labels, later
        scores and reports; its place in the hash chain is verified for the answer. JSON, one HTML
        page, or in the training service a signed bundle.
        """
        from crispml_core.pipelines.dossier import dossier  # a process that only scores has no use

        wanted = {"json": JSON, "html": HTML, "bundle": TAR}.get(query.format or "") or negotiate(
            accept, (JSON, HTML)
        )
        if wanted == TAR and pack is None:
            raise InvalidInput("format: this service holds no key; ask the training service")
        parts = parts_of(request)
        content = dossier(
            parts.lineage(),
            score_id,
            parts.settings.environment,
            query.at,
            None if privacy is None else privacy(request),
        )
        if wanted == JSON:
            return answer(content, headers={"Vary": "Accept"})
        from crispml_core.reporting.pages import render_dossier  # loads matplotlib

        page = render_dossier(content)
        if wanted == HTML or pack is None:
            return HTMLResponse(page, headers=PAGE_HEADERS)
        return Response(
            pack(request, content, page),
            media_type=TAR,
            headers={
                "Content-Disposition": f'attachment; filename="{content["score"]["score_id"]}.tar"',
                "X-Content-Type-Options": "nosniff",
            },
        )

    return router
