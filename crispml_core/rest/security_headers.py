"""What every answer tells a browser: it is no script, belongs in no frame, and is not to be kept.

Answers of the API may hold personal data, so nobody between here and the caller keeps them, unless
a route says otherwise. A page says itself what it may load; where an answer says nothing, it may
load nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NO_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'"
SECURITY_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": NO_CONTENT_POLICY,
    "Referrer-Policy": "no-referrer",
}
SECURITY_FIELDS = b"".join(
    f"{name.lower()}: {value}\r\n".encode() for name, value in SECURITY_HEADERS.items()
)
"""The same, as lines of an answer that is written without the app."""

PLAIN_FIELDS = b"x-content-type-options: nosniff\r\ncache-control: no-store\r\n"
"""What a JSON answer needs of it: no browser makes a page of one that it must not sniff."""


class SecurityHeaders:
    """ASGI middleware that adds what an answer does not say itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
