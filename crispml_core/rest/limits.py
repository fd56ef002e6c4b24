"""Limits on what a request may carry, checked before anything is held in memory."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crispml_core.domain.errors import InvalidInput, Overloaded, TooLarge
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
    max_held_bytes : int
        For all bodies together that are no uploads: each of them is held as a whole.
    timeout_s : float
        See `crispml_core.rest.slow_bodies.BodyClock`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_body_bytes: int,
        max_upload_bytes: int,
        max_held_bytes: int,
        timeout_s: float,
    ) -> None:
        self._app, self._body, self._upload = app, max_body_bytes, max_upload_bytes
        self._most_held, self._held = max_held_bytes, 0
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
            size = len(message.get("body", b""))
            received += size
            if received > limit:
                raise too_large
            if not is_upload:
                self._held += size
                if self._held > self._most_held:
                    raise Overloaded(
                        "the bodies of all requests together are larger than this process may "
                        "hold: try again shortly, or send large data as NDJSON, CSV, Parquet or "
                        "Arrow, which are read as a stream"
                    )
            return message

        try:
            await self._app(scope, counted, send)
        finally:
            if not is_upload:
                self._held -= received
