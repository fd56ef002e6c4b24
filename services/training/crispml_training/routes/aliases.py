"""Moving an alias; reading one is in the routes that both services share."""

from __future__ import annotations

import re
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Query, Request
from pydantic import WithJsonSchema
from starlette.responses import Response

from crispml_core.bootstrap.training import TrainingParts
from crispml_core.domain.errors import (
    CrispMLError,
    InvalidInput,
    PreconditionFailed,
    PreconditionRequired,
)
from crispml_core.domain.models import ANY_VERSION, AliasEvent
from crispml_core.rest.access.caller import who_asks
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.routes.models import alias_answer
from crispml_core.rest.strict_route import StrictRoute
from crispml_training.parts import parts_of
from crispml_training.requests import MoveRequest, RemoveQuery

_ETAG = re.compile(r'"([^"]{1,128})"')
_log = structlog.get_logger("crispml.training")

IfMatch = Annotated[
    str | None,
    WithJsonSchema({"type": "string", "pattern": r'^(\*|"[^"]{1,128}")$'}),
    Header(
        alias="If-Match",
        description="The version that the alias points at now, in quotes; `*` for any.",
    ),
]
IfNoneMatch = Annotated[
    str | None,
    WithJsonSchema({"type": "string", "const": "*"}),
    Header(
        alias="If-None-Match", description="`*` when the alias must not exist yet.", examples=["*"]
    ),
]


def alias_router() -> APIRouter:
    """Return the route that moves aliases."""
    router = APIRouter(prefix=f"{API}/models", tags=["aliases"], route_class=StrictRoute)

    @router.put(
        "/{model}/aliases/{alias}", summary="Point an alias at a version", response_model=AliasEvent
    )
    def put_alias(
        request: Request,
        model: str,
        alias: str,
        body: MoveRequest,
        if_match: IfMatch = None,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Move an alias, if it points where the caller believes; the history keeps every move."""
        expected = expected_version(if_match, if_none_match)
        parts = parts_of(request)
        try:
            move = parts.training.move_alias(
                model,
                alias,
                body.version,
                expected=expected,
                moved_by=who_asks(request, "moved_by", body.moved_by),
                reason=body.reason,
                traffic=body.traffic,
            )
        except PreconditionRequired:
            if if_none_match is not None:
                raise PreconditionFailed("the alias exists already; see its ETag") from None
            raise
        _project(parts, model)
        return alias_answer(move)

    @router.delete("/{model}/aliases/{alias}", summary="Remove an alias", response_model=AliasEvent)
    def delete_alias(
        request: Request,
        model: str,
        alias: str,
        query: Annotated[RemoveQuery, Query()],
        if_match: IfMatch = None,
    ) -> Response:
        """Let an alias point nowhere, and answer with the event: its version is empty.

        The history keeps it. The champion can be moved but not removed.
        """
        parts = parts_of(request)
        event = parts.training.remove_alias(
            model,
            alias,
            expected=expected_version(if_match, None),
            moved_by=who_asks(request, "moved_by", query.moved_by),
            reason=query.reason,
        )
        _project(parts, model)
        return answer(event)

    return router


def _project(parts: TrainingParts, model: str) -> None:
    try:
        parts.project_aliases(model)
    except CrispMLError as error:
        # The move is committed; the file on the volume only follows it, with the next move.
        _log.error("aliases_not_projected", error=error.message)


def expected_version(if_match: str | None, if_none_match: str | None) -> str | None:
    """Return what the alias must point at: a version, `ANY_VERSION`, or None for nothing yet."""
    if if_none_match is not None:
        if if_match is not None or if_none_match.strip() != "*":
            raise InvalidInput("header If-None-Match must be *, and without If-Match")
        return None
    if if_match is None:
        return None
    if if_match.strip() == "*":
        return ANY_VERSION
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        raise InvalidInput("header If-Match must be a version in double quotes, or *")
    return found[1]
