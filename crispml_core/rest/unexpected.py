"""The net under every route: an exception that nobody foresaw becomes a fixed sentence."""

from __future__ import annotations

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crispml_core.domain.errors import CrispMLError, trace_of
from crispml_core.rest.errors import crispml_error_response, problem_response, route_of

SENTENCE = "the service failed on this request; its log has the cause under the request id"
_log = structlog.get_logger("crispml.rest")


class UnexpectedErrors:
    """ASGI middleware that answers unforeseen exceptions with status 500.

    The log gets the types and the frames but not the texts of the exceptions: libraries quote
    values in them, and a value may be personal data.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def note_start(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, note_start)
        except ClientDisconnect:
            return
        except Exception as error:
            response = failure_response(scope, error)
            if started:
                # Only an exception makes the server cut the connection, so that half an answer
                # does not pass for a whole one.
                raise RuntimeError("an answer was cut off; see request_failed") from None
            await response(scope, receive, send)


def failure_response(scope: Scope, error: Exception) -> Response:
    """Log an exception that nobody handled, and return the answer to its request."""
    _log.error("request_failed", route=route_of(scope), **trace_of(error))
    if isinstance(error, CrispMLError):
        return crispml_error_response(scope, error)
    return problem_response(scope, 500, "internal_server_error", SENTENCE)
