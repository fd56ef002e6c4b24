"""Requests as parts of traces: the caller's, or one that begins here."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crispml_core.ports.tracer import Tracer
from crispml_core.rest.errors import method_of, route_of
from crispml_core.rest.request_id import is_traceparent, request_id_of

TRACEPARENT = "traceparent"
# Probes and scrapes come every few seconds, and nobody asks how they went.
_UNTRACED = frozenset({"/livez", "/readyz", "/startupz", "/metrics", "/version", "/ping"})


class TraceRequests:
    """ASGI middleware, around all others, that makes a request a span of its trace.

    The ``traceparent`` of the caller is replaced by that of the span, so that whatever is inside
    logs, stores and answers the id of the trace and goes on from the span.

    Parameters
    ----------
    tracer : callable
        Gives the tracer of the service that a scope belongs to; None until it has started.
    """

    def __init__(self, app: ASGIApp, tracer: Callable[[Scope], Tracer | None]) -> None:
        self._app, self._tracer = app, tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        tracer = self._tracer(scope) if scope["type"] == "http" else None
        if tracer is None or not tracer.is_on or scope["path"] in _UNTRACED:
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(TRACEPARENT, "")
        traceparent = given if is_traceparent(given) else None
        if not tracer.takes(traceparent):
            await self._app(scope, receive, send)
            return
        status = 499

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with tracer.trace("request", traceparent, kind="server") as span:
            scope["headers"] = list(scope["headers"])  # those of the server may be shared
            MutableHeaders(scope=scope)[TRACEPARENT] = span.traceparent
            scope.setdefault("state", {})[TRACEPARENT] = span.traceparent
            try:
                await self._app(scope, receive, note_status)
            finally:
                # Templates and ids of our own only: a path and a query hold keys of records.
                method, route = method_of(scope), route_of(scope)
                span.rename(f"{method} {route}")
                span.note(
                    http__request__method=method,
                    http__route=route,
                    http__response__status_code=status,
                    crispml__request_id=request_id_of(scope),
                )
                if status >= 500:
                    span.fail(str(status))


def traceparent_of(scope: Scope) -> str | None:
    """Return what goes on with the trace of a request; None where it is not traced."""
    found: str | None = scope.get("state", {}).get(TRACEPARENT)
    return found
