"""Limits on what a request may carry, checked before anything is held in memory."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crispml_core.domain.errors import InvalidInput, TooLarge
from crispml_core.rest.content import LARGE_BODIES, media_type
from crispml_core.rest.errors import crispml_error_response
from crispml_core.rest.slow_bodies import BodyClock


class BodyLimit:
    """ASGI middleware that refuses bodies over a number of bytes, and those that do not come.

    The announced length is checked at once, a streamed body while it arrives.

    Parameters
    ----------
    max_body_bytes : int
        For JSON, and for every body that nobody reads as a stream.
    max_upload_bytes : int
        For the content types in `crispml_core.rest.content.LARGE_BODIES`.
    timeout_s : float
        See `crispml_core.rest.slow_bodies.BodyClock`.
    """

    def __init__(
        self, app: ASGIApp, max_body_bytes: int, max_upload_bytes: int, timeout_s: float
    ) -> None:
        self._app, self._body, self._upload = app, max_body_bytes, max_upload_bytes
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_upload = media_type(headers.get("content-type", "")) in LARGE_BODIES
        limit = self._upload if is_upload else self._body
        announced = headers.get("content-length", "0")
        if not announced.isdecimal():
            error: InvalidInput = InvalidInput("header Content-Length must be a whole number")
            await crispml_error_response(scope, error)(scope, receive, send)
            return
        too_large = TooLarge(f"the body is larger than the limit of {limit} bytes")
        if len(announced) > 18 or int(announced) > limit:
            await crispml_error_response(scope, too_large)(scope, receive, send)
            return
        received, clock = 0, BodyClock(receive, self._timeout_s)

        async def counted() -> Message:
            nonlocal received
            message = await clock()
            received += len(message.get("body", b""))
            if received > limit:
                raise too_large
            return message

        await self._app(scope, counted, send)
