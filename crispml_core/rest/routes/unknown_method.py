"""The answer to a method that this service does not offer."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter
from starlette.responses import Response

from crispml_core.domain.errors import NotFound
from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.app import API


def unknown_method_router(known: Iterable[str]) -> APIRouter:
    """Return a route that catches every method but the `known` ones; include it after them."""
    router = APIRouter(prefix=f"{API}/use-cases/{{use_case}}", route_class=GuardedRoute)

    @router.post("/{method}", include_in_schema=False)
    async def unknown_method() -> Response:
        raise NotFound("method", known)

    return router
