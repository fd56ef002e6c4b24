"""The process of a service: settings, log, parts, HTTP server, and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import json
import signal
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
from crispml_core.rest.connections import CLOSE, Connection, Limits
from crispml_core.rest.memory import share_arenas
from crispml_core.rest.plain_requests import protocol
from crispml_core.rest.tls import ServerTls
from crispml_core.rest.workers import end_with_supervisor, supervise
from crispml_core.settings import CrispMLSettings, LogSettings, load_settings

CreateApp = Callable[..., FastAPI]


# The server ticks ten times a second.
_LOOK_TICKS, _TLS_TICKS = 10, 50
# Who looks so long after the last time was frozen, or had no processor.
_LATE_S = 3.0
UNFINISHED = 75
"""How a process ends that leaves work to another one; `EX_TEMPFAIL` of sysexits.h."""


class _Server(uvicorn.Server):
    """Looks after its connections and its certificate, and stops so that nobody notices.

    Asked to stop, it tells the app, which is not ready any more and ends its event streams. From
    then on every answer ends its connection, and says so. New requests are answered for a while
    yet: whoever balances the load needs some time to hear of it.

    Parameters
    ----------
    delay_s : float
        How long new requests are still answered.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        app: FastAPI,
        tls: ServerTls | None = None,
        *,
        delay_s: float = 0.0,
    ) -> None:
        super().__init__(config)
        self._app, self._tls, self._delay_s = app, tls, delay_s
        self._is_stopping = False
        self._stop_at: float | None = None
        self._looked_at, self._was_late = 0.0, False

    async def on_tick(self, counter: int) -> bool:
        """Look now and then at what no request asks for."""
        now = asyncio.get_running_loop().time()
        if counter % _LOOK_TICKS == 0:
            self._look(now)
        if self._tls is not None and counter % _TLS_TICKS == 0:
            self._tls.look()
        if self._is_stopping:
            self._drain(now)
        return await super().on_tick(counter)

    def _look(self, now: float) -> None:
        # What clients sent while nobody read is read before anybody is found to be slow.
        self._was_late = not self._was_late and now - self._looked_at > _LATE_S
        self._looked_at = now
        if not self._was_late:
            for connection in self._connections():
                connection.look(now)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, and let open requests end."""
        self._announce()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; a second signal and Ctrl-C wait for no balancer."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        if self._delay_s == 0 or self._is_stopping or sig == signal.SIGINT:
            self.should_exit = True
        self._is_stopping = self._app.state.draining = True

    def _drain(self, now: float) -> None:
        if self._stop_at is None:
            self._stop_at = now + self._delay_s
        self._announce()
        if now >= self._stop_at:
            self.should_exit = True

    def _announce(self) -> None:
        """Let each answer from now on say that its connection ends, and end it."""
        if CLOSE not in self.config.encoded_headers:
            # Both ways to answer begin with these.
            self.config.encoded_headers.append(CLOSE)
            self.server_state.default_headers = [*self.server_state.default_headers, CLOSE]
        for connection in self._connections():
            connection.end_with_answer()

    def _connections(self) -> list[Connection]:
        return [one for one in self.server_state.connections if isinstance(one, Connection)]


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
    share_arenas()
    log = structlog.get_logger("crispml.service")
    configure_logging(LogSettings(), name)
    try:
        settings = load_settings()
        configure_logging(settings.log, name)
        with _listener(settings, port) as listener:
            if name == "scoring" and settings.server.workers > 1 and not _is_worker():
                gc.enable()
                sys.exit(supervise(f"crispml_{name}", settings, listener))
            if _is_worker():
                end_with_supervisor()
            parts = build(settings)
            serve(create_app(parts, settings), settings, listener)
            unfinished = getattr(parts, "unfinished", None)
            if unfinished is not None:
                log.error("service_unfinished", error=unfinished)
                sys.exit(UNFINISHED)
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
        timeout_keep_alive=settings.server.keep_alive_s,
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
    return _Server(config, app, tls, delay_s=settings.server.stop_delay_s)


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
