"""A FastAPI route whose JSON bodies pass through `parse_json` before FastAPI sees them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response

from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.content import check_content
from crispml_core.rest.strict_json import parse_json


class StrictRequest(Request):
    """A request whose ``json()`` is strict about content type and content."""

    async def json(self) -> Any:
        """Return the parsed body; parsed once."""
        if not hasattr(self, "_json"):
            check_content(self.headers)
            self._json = parse_json(await self.body())
        return self._json


class StrictRoute(GuardedRoute):
    """A route that hands a `StrictRequest` to its endpoint.

    A declared body is parsed here, because FastAPI would turn an error of ``json()`` into a
    sentence of its own.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of FastAPI behind the strict parser."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            request = StrictRequest(request.scope, request.receive)
            if self.body_field is not None and await request.body():
                await request.json()
            return await handle(request)

        return strict
