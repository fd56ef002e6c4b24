"""One id per request: taken from the caller or made here, answered, logged and stored."""

from __future__ import annotations

import re
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "X-Request-ID"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
# W3C Trace Context, version 00: trace id, parent id and flags; all zeros are not allowed.
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def is_request_id(text: str) -> bool:
    """Return whether a text of a caller may be kept as the id of its request."""
    return _REQUEST_ID.fullmatch(text) is not None


def is_traceparent(text: str) -> bool:
    """Return whether a text is a well-formed ``traceparent``."""
    return _TRACEPARENT.fullmatch(text) is not None


class RequestContext:
    """ASGI middleware that gives every request its id and puts it into the log context.

    A well-formed ``X-Request-ID`` or ``traceparent`` of the caller is kept and answered; a request
    id of another form is replaced, a traceparent of another form is dropped.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = headers.get(HEADER, "")
        if not is_request_id(request_id):
            request_id = str(uuid4())
        traceparent = headers.get("traceparent", "")
        emitted = {HEADER: request_id}
        context = {"request_id": request_id}
        if is_traceparent(traceparent):
            emitted["traceparent"] = traceparent
            context["trace_id"] = traceparent.split("-")[1]
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(emitted)
            await send(message)

        with structlog.contextvars.bound_contextvars(**context):
            await self._app(scope, receive, send_with_id)


def request_id_of(scope: Scope) -> str:
    """Return the id of the request of an ASGI scope; empty outside `RequestContext`."""
    return str(scope.get("state", {}).get("request_id", ""))
