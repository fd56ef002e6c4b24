"""The headers of every answer: what a browser may load, and from where."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def policy(pages: Iterable[str] = ()) -> str:
    """Return a content security policy for pages of HTML.

    Nothing is loaded from elsewhere. A script must be a file of the console, or one of the few that
    Shiny writes into each page, which are let in by their digests; nothing is evaluated.

    Parameters
    ----------
    pages : iterable of str
        Pages whose scripts are let in. They must hold nothing of a visitor or a service.
    """
    scripts = sorted({script for page in pages for script in _SCRIPT.findall(page)})
    digests = [hashlib.sha256(script.encode()).digest() for script in scripts]
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {allowed}".rstrip(),
            # Plots and progress bars set styles of their elements.
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "frame-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


class Headers:
    """Adds the headers of security to every answer.

    Parameters
    ----------
    app : ASGI app
    policy : str
        Content security policy where the answer has none of its own.
    is_https : bool
        Whether browsers come by TLS, and shall come by nothing else.
    """

    def __init__(self, app: ASGIApp, policy: str, is_https: bool) -> None:
        self._app = app
        self._fixed = {
            "X-Content-Type-Options": "nosniff",
            # Without any referrer a browser says no origin either, which the gate asks for.
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        }
        if is_https:
            self._fixed["Strict-Transport-Security"] = "max-age=31536000"
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the headers."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._fixed.items():
                    headers[name] = value
                headers.setdefault("Content-Security-Policy", self._policy)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
