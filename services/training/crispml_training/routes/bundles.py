"""Bundles: a version with its evidence goes out as a file, and comes in as one."""

from __future__ import annotations

import io
from typing import Annotated

import anyio
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from crispml_core.domain.bundles import Approval, BundleImport, ImportOutcome
from crispml_core.rest.access.caller import who_asks
from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.content import TAR, check_content
from crispml_core.rest.docs import body
from crispml_core.rest.pagination import Page, PageQuery, found_answer, whole_answer
from crispml_core.rest.requests import RequestModel
from crispml_core.rest.spooled import Spooled, spooled
from crispml_core.rest.turns import threads_for
from crispml_training.parts import parts_of

# Each has a whole model in memory.
MOST_IMPORTS = 2

_FILE = {"type": "string", "format": "binary"}


class ImportsQuery(PageQuery):
    """Which imports are wanted."""

    model: str | None = None
    """Only those of this model."""


class ImportQuery(RequestModel):
    """What is kept with an import."""

    imported_by: str = Field("", max_length=255)
    """Who imports the bundle."""


def bundle_router() -> APIRouter:
    """Return the routes of bundles."""
    router = APIRouter(prefix=API, tags=["bundles"], route_class=GuardedRoute)

    @router.get(
        "/models/{model}/versions/{version}/bundle",
        summary="Export a version",
        response_class=StreamingResponse,
        responses={200: {"content": {TAR: {"schema": _FILE}}}},
    )
    def get_bundle(request: Request, model: str, version: str) -> Response:
        """Return a version and its evidence as one tar file; the ETag is its digest.

        The same content gives the same bytes.
        """
        bundle = parts_of(request).bundles.export(model, version)
        return StreamingResponse(
            bundle.chunks,
            media_type=TAR,
            headers={
                "Content-Length": str(bundle.size),
                "Content-Disposition": f'attachment; filename="{bundle.name}"',
                "ETag": f'"{bundle.digest}"',
            },
        )

    @router.get(
        "/models/{model}/versions/{version}/approvals",
        summary="Who approved a version?",
        response_model=Page[Approval],
    )
    def list_approvals(
        request: Request, model: str, version: str, query: Annotated[PageQuery, Query()]
    ) -> Response:
        """Return every move of an alias that binds the bytes of a version, oldest first.

        Those of other environments came with bundles.
        """
        found = parts_of(request).bundles.approvals(model, version)
        return whole_answer(request, found, _place, query)

    @router.get("/bundles", summary="List what was imported", response_model=Page[BundleImport])
    def list_bundles(request: Request, query: Annotated[ImportsQuery, Query()]) -> Response:
        """Return the imported bundles with their lineage and gates, newest first."""
        found = parts_of(request).bundles.imports(
            model=query.model, limit=query.limit + 1, before=query.before
        )
        return found_answer(request, found, lambda record: record.bundle, query)

    @router.post(
        "/bundles",
        status_code=201,
        summary="Import a bundle",
        responses={
            200: {"model": ImportOutcome, "description": "The same bytes were here already."},
            201: {"model": ImportOutcome, "description": "The version is new here."},
        },
        openapi_extra=body({TAR: _FILE}, "A bundle, as the export gave it."),
    )
    async def post_bundle(request: Request, query: Annotated[ImportQuery, Query()]) -> Response:
        """Verify a bundle and publish the version in it, byte for byte.

        To import a bundle again changes nothing.
        """
        media = check_content(request.headers, (TAR,))
        imported_by = who_asks(request, "imported_by", query.imported_by)
        async with spooled(request, media, request.app.state.settings.server) as received:
            turns = threads_for(request.app.state, "imports", MOST_IMPORTS)
            outcome = await anyio.to_thread.run_sync(
                _take_in, request, received, imported_by, limiter=turns
            )
        return answer(outcome, 201 if outcome.published else 200)

    return router


def _take_in(request: Request, received: Spooled, imported_by: str) -> ImportOutcome:
    content = received.content
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    return parts_of(request).bundles.take_in(file, imported_by=imported_by)


def _place(approval: Approval) -> str:
    return f"{approval.environment} {approval.sequence} {approval.moved_at.isoformat()}"
