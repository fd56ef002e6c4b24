"""A server with TLS that answers every score at once, but stands still one time for a second."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from crispml_core.domain.scores import new_group_id, score_id
from tests.certificates import Pair

_USE_CASE = {
    "name": "orders",
    "task": "binary",
    "target": {"name": "returned", "task": "binary", "values": ["no", "yes"], "positive": "yes"},
    "record_key": "order_id",
    "fields": [
        {"name": "order_id", "type": "string", "max_length": 20},
        {"name": "amount", "type": "number", "minimum": 0, "maximum": 1000},
    ],
}
PAUSE_S = 1.0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: PausingServer

    def do_GET(self) -> None:
        self._answer(_USE_CASE)

    def do_POST(self) -> None:
        record = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.take_turn()
        score = {
            "score_id": score_id(new_group_id(), 0),
            "record_key": record["order_id"],
            "prediction": "yes",
            "probability": 0.5,
        }
        self._answer({"version": "v1", "scores": [score]})

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class PausingServer(ThreadingHTTPServer):
    """Answers one score after the other; so long after the first one, nobody for a second."""

    daemon_threads = True

    def __init__(self, pause_after_s: float, certificate: Pair) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.cert, certificate.key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.has_paused = False
        self._turn, self._pause_after_s = threading.Lock(), pause_after_s
        self._first: float | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"https://127.0.0.1:{self.server_port}"

    def take_turn(self) -> None:
        """Wait for a turn; the one that comes when it is time holds up all others."""
        with self._turn:
            now = time.monotonic()
            self._first = self._first or now
            if not self.has_paused and now - self._first >= self._pause_after_s:
                self.has_paused = True
                time.sleep(PAUSE_S)


@contextlib.contextmanager
def pausing_server(pause_after_s: float, certificate: Pair) -> Iterator[PausingServer]:
    """Serve while the block runs."""
    server = PausingServer(pause_after_s, certificate)
    thread = threading.Thread(target=server.serve_forever, name="pausing")
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
