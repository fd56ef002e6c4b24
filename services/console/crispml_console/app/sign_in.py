"""Signing in with an API key or at an OpenID provider, and signing out."""

from __future__ import annotations

import threading
import time
from urllib.parse import urlsplit

import structlog
from htmltools import HTMLDocument, Tag, TagChild, tags
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from crispml_console.app.gate import COOKIE, secret_of
from crispml_console.service.visitors import Visitors
from crispml_console.settings import Settings
from crispml_core.client import ClientError, RequestRefused
from crispml_core.client.login import Attempt, Issuer, begin, discover, exchange

_log = structlog.get_logger("crispml.console")
_CALLBACK = "/sign-in/callback"
_ATTEMPTS, _ATTEMPT_S = 1000, 600.0


class SignIn:
    """The routes of signing in and out.

    Parameters
    ----------
    settings : Settings
    visitors : Visitors
    """

    def __init__(self, settings: Settings, visitors: Visitors) -> None:
        self._settings, self._visitors = settings, visitors
        self._provider: Issuer | None = None
        self._lock = threading.Lock()
        self._attempts: dict[str, tuple[float, Attempt, str]] = {}

    def routes(self) -> list[Route]:
        """Return them."""
        return [
            Route("/sign-in", self._show, methods=["GET"]),
            Route("/sign-in", self._with_key, methods=["POST"]),
            Route("/sign-in/provider", self._to_provider, methods=["GET"]),
            Route(_CALLBACK, self._from_provider, methods=["GET"]),
            Route("/sign-out", self._sign_out, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        return self._page(request.query_params.get("next", "/"))

    async def _with_key(self, request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=4)
        wanted = str(form.get("next") or "/")
        key = str(form.get("key") or "").strip()
        try:
            secret = await run_in_threadpool(self._visitors.admit, key or None)
        except ClientError as error:
            return self._refused(wanted, error)
        return self._let_in(secret, wanted)

    async def _to_provider(self, request: Request) -> Response:
        wanted = request.query_params.get("next", "/")
        console = self._settings.console
        if not console.oidc_issuer:
            return self._page(wanted, "there is no OpenID provider here", status=404)
        try:
            provider = await run_in_threadpool(self._discovered)
        except ClientError as error:
            return self._page(wanted, error.detail, status=503)
        redirect = console.public_url.rstrip("/") + _CALLBACK
        attempt = begin(provider, console.oidc_client_id, redirect, console.oidc_scope)
        self._remember(attempt, wanted)
        return RedirectResponse(attempt.url, status_code=303)

    async def _from_provider(self, request: Request) -> Response:
        query = dict(request.query_params)
        found = self._recall(query.get("state", ""))
        if found is None or self._provider is None:
            return self._page("/", "this sign-in took too long; begin again", status=400)
        attempt, wanted = found
        provider = self._provider
        secret = self._settings.console.oidc_client_secret.get_secret_value()
        try:
            login = await run_in_threadpool(
                exchange, provider, attempt, query, client_secret=secret
            )
            cookie = await run_in_threadpool(self._visitors.admit, login.token, (provider, login))
        except ClientError as error:
            return self._refused(wanted, error)
        return self._let_in(cookie, wanted)

    async def _sign_out(self, request: Request) -> Response:
        await run_in_threadpool(self._visitors.dismiss, secret_of(request))
        answer = RedirectResponse("/sign-in", status_code=303)
        answer.delete_cookie(COOKIE, path="/")
        return answer

    def _refused(self, wanted: str, error: ClientError) -> Response:
        _log.info("sign_in_refused", code=error.code, request_id=error.request_id)
        return self._page(wanted, _why(error), status=400 if error.status else 503)

    def _let_in(self, secret: str, wanted: str) -> Response:
        # Strict would leave it out of the first request after a provider sent the browser back, so
        # the way on is a page of the console itself.
        answer = HTMLResponse(
            _document("Signed in", tags.p(tags.a("Go on", href=_own(wanted))), on_to=_own(wanted))
        )
        answer.set_cookie(
            COOKIE,
            secret,
            path="/",
            httponly=True,
            samesite="strict",
            secure=self._settings.is_https,
        )
        return answer

    def _page(self, wanted: str, problem: str = "", *, status: int = 200) -> Response:
        console = self._settings.console
        content = tags.form(
            tags.img(src="/static/icon.svg", alt="", class_="sign"),
            tags.h1("CrispML"),
            tags.p(problem, class_="problem", role="alert") if problem else None,
            tags.label("API key", for_="key"),
            tags.input(
                id="key",
                name="key",
                type="password",
                autocomplete="current-password",
                autofocus="",
                class_="form-control",
            ),
            tags.input(type="hidden", name="next", value=_own(wanted)),
            tags.button("Sign in", type="submit", class_="btn btn-primary"),
            tags.p(tags.a(f"Sign in with {console.oidc_name}", href="/sign-in/provider"))
            if console.oidc_issuer
            else None,
            tags.p(
                "The console keeps the key in its memory until you sign out. "
                "Where the services ask for none, leave the field empty.",
                class_="quiet",
            ),
            method="post",
            action="/sign-in",
            class_="card sign-in",
        )
        return HTMLResponse(_document("Sign in", content), status_code=status)

    def _discovered(self) -> Issuer:
        if self._provider is None:
            self._provider = discover(self._settings.console.oidc_issuer)
        return self._provider

    def _remember(self, attempt: Attempt, wanted: str) -> None:
        now = time.monotonic()
        with self._lock:
            self._attempts = {
                state: kept for state, kept in self._attempts.items() if kept[0] > now
            }
            while len(self._attempts) >= _ATTEMPTS:
                self._attempts.pop(next(iter(self._attempts)))
            self._attempts[attempt.state] = (now + _ATTEMPT_S, attempt, wanted)

    def _recall(self, state: str) -> tuple[Attempt, str] | None:
        with self._lock:
            kept = self._attempts.pop(state, None)
        return None if kept is None or kept[0] < time.monotonic() else kept[1:]


def _own(wanted: str) -> str:
    """Return an address of the console itself; the first page for any other."""
    parts = urlsplit(wanted)
    is_own = wanted.startswith("/") and not parts.netloc and "\\" not in wanted
    return wanted if is_own and not wanted.startswith("//") else "/"


def _why(error: ClientError) -> str:
    if isinstance(error, RequestRefused) and error.status in (401, 403):
        return "The services do not know this key, or it is over."
    return error.detail


def _document(title: str, *content: TagChild, on_to: str = "") -> str:
    document: Tag = tags.html(
        tags.head(
            tags.meta(name="viewport", content="width=device-width, initial-scale=1"),
            tags.meta(http_equiv="refresh", content=f"0;url={on_to}") if on_to else None,
            tags.title(f"{title} · CrispML"),
            tags.link(rel="icon", href="/static/icon.svg", type="image/svg+xml"),
            tags.link(rel="stylesheet", href="/static/bootstrap/bootstrap.min.css"),
            tags.link(rel="stylesheet", href="/static/console.css"),
            tags.script(src="/static/theme.js"),
        ),
        tags.body(tags.main(*content, class_="alone")),
        lang="en",
    )
    return HTMLDocument(document).render()["html"]
