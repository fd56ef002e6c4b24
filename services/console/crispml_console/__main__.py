"""Run the console: ``python -m crispml_console``."""

from __future__ import annotations

import signal
import sys

import structlog
import uvicorn
from pydantic import ValidationError

from crispml_console.log import configure_log
from crispml_console.settings import LOOPBACK, Settings


def main() -> None:
    """Serve until SIGTERM or SIGINT; end with a sentence if a setting is wrong."""
    # Whoever is asked to end, and does, has not failed; the server hands the signal on at its end.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    try:
        settings = Settings()
    except ValidationError as error:
        for found in error.errors(include_input=False, include_url=False):
            name = "CRISPML_" + "__".join(str(part) for part in found["loc"]).upper()
            print(f"{name}: {found['msg']}", file=sys.stderr)
        sys.exit(2)
    configure_log(settings.log)
    from crispml_console.app.server import PORT, create_app
    from crispml_console.app.shiny_habits import end_habits

    end_habits()
    server, log = settings.server, structlog.get_logger("crispml.console")
    if server.host not in LOOPBACK and not settings.is_https:
        log.warning(
            "keys_without_tls",
            help="set CRISPML_SERVER__TLS_CERT_FILE, or CRISPML_CONSOLE__PUBLIC_URL=https://... "
            "behind a proxy that ends TLS",
        )
    port = server.port or PORT
    log.info("started", host=server.host, port=port)
    uvicorn.run(
        create_app(settings),
        host=server.host,
        port=port,
        ssl_certfile=server.tls_cert_file,
        ssl_keyfile=server.tls_key_file,
        timeout_graceful_shutdown=int(server.shutdown_s),
        access_log=False,
        server_header=False,
        log_config=None,
        ws_max_size=64 * 1024**2,
    )


if __name__ == "__main__":
    main()
