"""``crispml login`` and ``crispml logout``: a token of an OpenID provider for the command line."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import click

from crispml_core.cli.verb import Failure, ServiceVerb, Session, Verb

_PATH, _MOST = "/callback", 16
_DONE = b"<!doctype html><title>CrispML</title><p>You may close this page."


@click.command(
    "login",
    cls=ServiceVerb,
    example="crispml login --issuer https://login.example --client-id crispml",
)
@click.option("--issuer", required=True, envvar="CRISPML_LOGIN_ISSUER", help="Of the provider.")
@click.option(
    "--client-id", required=True, envvar="CRISPML_LOGIN_CLIENT_ID", help="Of a public client there."
)
@click.option("--scope", default="openid", show_default=True, help="What is asked for.")
@click.option("--browser/--no-browser", default=True, help="Open a browser, or print the address.")
@click.option("--within", type=click.FloatRange(1, 3600), default=300.0, show_default=True)
@click.pass_obj
def login(
    session: Session, issuer: str, client_id: str, scope: str, browser: bool, within: float
) -> None:
    """Log in with a browser, and keep the token for the services at these addresses.

    The provider must let the client come back to http://127.0.0.1 at any port. WITHIN so many
    seconds the browser must have come back. A client with a secret finds it in
    CRISPML_LOGIN_CLIENT_SECRET.
    """
    from crispml_core.cli import kept_login
    from crispml_core.client import login as oidc

    provider = oidc.discover(issuer)
    with _Listener() as listener:
        attempt = oidc.begin(provider, client_id, listener.address, scope)
        if not browser or click.launch(attempt.url) != 0:
            click.echo(attempt.url, err=True)
        query = listener.wait(attempt.state, within)
    found = oidc.exchange(provider, attempt, query, client_secret=kept_login.client_secret())
    services = tuple(sorted(session.addresses))
    kept_login.keep(kept_login.KeptLogin(login=found, services=services))
    if not session.out.emit({"subject": found.subject, "services": services}):
        session.out.line(f"logged in as {found.subject} for {' and '.join(services)}")


@click.command("logout", cls=Verb, example="crispml logout")
@click.pass_obj
def logout(session: Session) -> None:
    """Forget the token of `crispml login`."""
    from crispml_core.cli import kept_login

    was_there = kept_login.forget()
    if not session.out.emit({"logged_out": was_there}):
        session.out.line("logged out" if was_there else "nobody was logged in")


class _Listener:
    """Waits on this machine until a browser comes back (RFC 8252)."""

    def __init__(self) -> None:
        self._came: queue.Queue[dict[str, str]] = queue.Queue(_MOST)
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                target = urlsplit(self.path)
                is_it = target.path == _PATH
                self.send_response(200 if is_it else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", "default-src 'none'")
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(_DONE if is_it else b"")
                if is_it:
                    listener.take(dict(parse_qsl(target.query)))

            def log_message(self, *_: object) -> None:
                """Say nothing: the query holds the code."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}{_PATH}"

    def take(self, query: dict[str, str]) -> None:
        """Take an answer, unless others wait already."""
        with contextlib.suppress(queue.Full):
            self._came.put_nowait(query)

    def wait(self, state: str, seconds: float) -> dict[str, str]:
        """Return the query that the browser came with; any page can send one to this address."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                query = self._came.get(timeout=left)
                if query.get("state") == state:
                    return query
        raise Failure("no browser came back in time; try again")

    def __enter__(self) -> _Listener:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
