"""Who may enter: whoever has the cookie of somebody who is signed in."""

from __future__ import annotations

import asyncio
from http.cookies import SimpleCookie
from urllib.parse import quote

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crispml_console.service.visitors import Visitor, Visitors

COOKIE = "crispml_console"
_OPEN = (
    "/static/",
    "/favicon.ico",
    "/sign-in",
    "/sign-out",
    "/livez",
    "/readyz",
    "/startupz",
    "/version",
    "/metrics",
)
_POLICY_VIOLATION = 1008
_LOOK_S = 5.0


def visitor_of(scope: Scope) -> Visitor:
    """Return who came through the gate."""
    visitor: Visitor = scope["visitor"]
    return visitor


class Gate:
    """Lets in who is signed in, and shows everybody else the way to sign in.

    A request that changes something and the socket of a page must come from a page of the console
    itself: a browser says so by ``Origin``, and the cookie is not sent from elsewhere either.

    Parameters
    ----------
    app : ASGI app
    visitors : Visitors
    origin : str
        What browsers call the console, if it is another than its own ``Host``.
    """

    def __init__(self, app: ASGIApp, visitors: Visitors, origin: str = "") -> None:
        self._app, self._visitors, self._origin = app, visitors, origin.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in, or not."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if changes and not self._is_own(connection):
            await _refuse(scope, receive, send, "the request comes from another site")
            return
        if scope["path"].startswith(_OPEN):
            await self._app(scope, receive, send)
            return
        secret = secret_of(connection)
        visitor = self._visitors.find(secret)
        if visitor is None:
            await self._show_the_way(scope, receive, send)
            return
        scope["visitor"] = visitor
        if scope["type"] == "websocket":
            await self._attend(secret, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _attend(self, secret: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a page until it is left or its visitor's time is over.

        What a visitor does comes through the socket and counts as being there; what a page reads by
        itself does not.
        """

        async def received() -> Message:
            while True:
                waiting = asyncio.ensure_future(receive())
                while not (await asyncio.wait({waiting}, timeout=_LOOK_S))[0]:
                    if self._visitors.find(secret, is_there=False) is None:
                        waiting.cancel()
                        return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION}
                message = waiting.result()
                if message["type"] == "websocket.receive" and self._visitors.find(secret) is None:
                    return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION}
                return message

        await self._app(scope, received, send)

    async def _show_the_way(self, scope: Scope, receive: Receive, send: Send) -> None:
        wants_page = scope["type"] == "http" and scope["method"] == "GET"
        if not wants_page:
            await _refuse(scope, receive, send, "sign in first")
            return
        query = scope["query_string"].decode("latin-1")
        wanted = scope["path"] + (f"?{query}" if query else "")
        where = "/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted, safe='')}"
        await RedirectResponse(where, status_code=303)(scope, receive, send)

    def _is_own(self, connection: HTTPConnection) -> bool:
        origin = connection.headers.get("origin")
        if origin is None:  # no browser, so nobody whose cookie could be misused
            return True
        host = connection.headers.get("host", "")
        return origin == self._origin or origin.partition("://")[2] == host


def secret_of(connection: HTTPConnection) -> str:
    """Return the secret of the cookie; empty without one."""
    cookies: SimpleCookie = SimpleCookie()
    cookies.load(connection.headers.get("cookie", ""))
    found = cookies.get(COOKIE)
    return "" if found is None else found.value


async def _refuse(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": why})
        return
    await PlainTextResponse(why, status_code=403)(scope, receive, send)
