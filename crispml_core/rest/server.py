"""The process of a service: settings, log, parts, HTTP server, and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import json
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Literal

import structlog
import uvicorn
from fastapi import FastAPI

from crispml_core.domain.errors import CrispMLError, InvalidInput
from crispml_core.logs import configure_logging
from crispml_core.rest.connections import Connection, Limits
from crispml_core.rest.plain_requests import protocol
from crispml_core.rest.tls import ServerTls
from crispml_core.rest.workers import end_with_supervisor, supervise
from crispml_core.settings import CrispMLSettings, LogSettings, load_settings

CreateApp = Callable[..., FastAPI]


# The server ticks ten times a second.
_LOOK_TICKS, _TLS_TICKS = 10, 50


class _Server(uvicorn.Server):
    """Looks after its connections and its certificate, and tells the app that it stops.

    Then the app is not ready any more, and event streams end.
    """

    def __init__(self, config: uvicorn.Config, app: FastAPI, tls: ServerTls | None = None) -> None:
        super().__init__(config)
        self._app, self._tls = app, tls

    async def on_tick(self, counter: int) -> bool:
        """Look now and then at what no request asks for."""
        if counter % _LOOK_TICKS == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, Connection):
                    connection.look(now)
        if self._tls is not None and counter % _TLS_TICKS == 0:
            self._tls.look()
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._app.state.draining = True
        super().handle_exit(sig, frame)


def main(
    name: Literal["training", "scoring"],
    port: int,
    build: Callable[[CrispMLSettings], Any],
    create_app: CreateApp,
) -> None:
    """Run a service until it is asked to stop; with the argument ``openapi`` print its document.

    Parameters
    ----------
    port : int
        Used when the settings name none.
    build : callable
        Builds the parts. This happens before the server starts, so that a wrong setting or a broken
        use case ends the process with one sentence.
    """
    if sys.argv[1:] == ["openapi"]:
        print_openapi(create_app(None, CrispMLSettings()))
        return
    log = structlog.get_logger("crispml.service")
    configure_logging(LogSettings(), name)
    try:
        settings = load_settings()
        configure_logging(settings.log, name)
        with _listener(settings, port) as listener:
            if name == "scoring" and settings.server.workers > 1 and not _is_worker():
                gc.enable()
                supervise(f"crispml_{name}", settings.server, listener)
                return
            if _is_worker():
                end_with_supervisor()
            serve(create_app(build(settings), settings), settings, listener)
    except CrispMLError as error:
        log.error("service_not_started", error=error.message)
        sys.exit(1)


def _is_worker() -> bool:
    return sys.argv[1:2] == ["worker"]


def _listener(settings: CrispMLSettings, port: int) -> socket.socket:
    if _is_worker():
        return socket.socket(fileno=int(sys.argv[2]))
    return listen(settings.server.host, settings.server.port or port)


def print_openapi(app: FastAPI) -> None:
    """Write the OpenAPI document of an app to standard output."""
    json.dump(app.openapi(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def listen(host: str, port: int) -> socket.socket:
    """Take an address, before anything else is built.

    Raises
    ------
    InvalidInput
        If it is in use or is none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise InvalidInput(
            f"port {port} cannot be taken ({errno.errorcode.get(error.errno or 0, 'no address')}): "
            "change CRISPML_SERVER__PORT or CRISPML_SERVER__HOST, or stop what listens there"
        ) from None


def make_server(app: FastAPI, settings: CrispMLSettings, **options: Any) -> uvicorn.Server:
    """Return the HTTP server of an app; `options` are more settings of uvicorn.

    Raises
    ------
    InvalidInput
        If the certificate of the settings cannot be used.
    """
    tls = ServerTls(settings.server) if settings.server.tls_cert_file is not None else None
    if tls is not None:
        options["ssl_context_factory"] = lambda config, default: tls.context
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=protocol(app.state.plain, Limits.of(settings.server)),  # type: ignore[arg-type]
        ws="none",
        # Nothing here depends on the address or the scheme of the caller.
        proxy_headers=False,
        log_config=None,
        # The edge logs what was refused or failed; a success is in the stores and the metrics.
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(settings.server.shutdown_s),
        **options,
    )
    return _Server(config, app, tls)


def serve(app: FastAPI, settings: CrispMLSettings, listener: socket.socket) -> None:
    """Serve `app` until SIGINT or SIGTERM, and let open requests end."""
    server = make_server(app, settings)
    # What start-up made lives as long as the process: the collector need not look at it again, and
    # what a request makes is gone before a collection of so many objects is due.
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 50)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
