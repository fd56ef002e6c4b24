"""All pages as one Shiny app: which address is which page, and what is served there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl

from htmltools import Tag
from shiny import App, Inputs, Outputs, Session, reactive
from starlette.requests import HTTPConnection, Request
from starlette.types import Receive, Scope, Send

from crispml_console.app.gate import visitor_of
from crispml_console.app.metrics import Metrics
from crispml_console.app.notice import serve_notice
from crispml_console.parts.frame import frame, is_offered
from crispml_console.parts.page import Page, Place, Visit
from crispml_console.settings import Settings

STATIC = Path(__file__).parents[1] / "static"
_SOCKET = "websocket/"


class Pages:
    """The pages behind their addresses.

    Shiny serves one page at ``/``. Here each page has an address of its own: it is told to Shiny
    beside the request, and the rest of the address is left as Shiny knows it.

    Parameters
    ----------
    pages : sequence of Page
        In the order of the navigation; the one with the empty path is the first page.
    """

    def __init__(self, pages: Sequence[Page], settings: Settings, metrics: Metrics) -> None:
        self._pages, self._settings, self._metrics = pages, settings, metrics
        self._by_path = {page.path: page for page in pages}
        self.shiny = App(self._body, self._serve, debug=False)
        # What went wrong in the console itself is in its log, and not on the page.
        self.shiny.sanitize_errors = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or serve the socket of a page."""
        if scope["type"] in ("http", "websocket"):
            path = scope["path"].lstrip("/")
            if scope["type"] == "websocket":
                path = path.removesuffix(_SOCKET).rstrip("/")
            if path in self._by_path:
                visitor = visitor_of(scope)
                use_cases = await asyncio.to_thread(visitor.use_cases)
                query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
                place = Place(path, query, visitor, use_cases)
                inner = f"/{_SOCKET}" if scope["type"] == "websocket" else "/"
                scope = {**scope, "path": inner, "raw_path": inner.encode(), "place": place}
        await self.shiny(scope, receive, send)

    def _body(self, request: Request) -> Tag:
        place: Place = request.scope["place"]
        return frame(self._by_path[place.path], self._pages, place)

    def _serve(self, input: Inputs, output: Outputs, session: Session) -> None:  # noqa: A002 - as Shiny names it
        # Of the sessions that Shiny knows only those of an app have a connection.
        connection: HTTPConnection = session.http_conn  # type: ignore[attr-defined]
        socket_place: Place = connection.scope["place"]
        with reactive.isolate():
            # The socket has no query; the browser tells the one of the page.
            search = str(input[".clientdata_url_search"]())
        query = dict(parse_qsl(search.lstrip("?")))
        place = Place(socket_place.path, query, socket_place.visitor, socket_place.use_cases)
        self._metrics.opened(place.path)
        session.on_ended(lambda: self._metrics.left(place.path))
        visit = Visit(place, input, session, self._settings)
        serve_notice(visit)
        page = self._by_path[place.path]
        if is_offered(page, place):
            page.serve(visit)
