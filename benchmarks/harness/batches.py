"""Requests one after another over one connection, timed from the first byte to the last."""

from __future__ import annotations

import http.client
import socket
import time
from dataclasses import dataclass

from benchmarks.harness.servers import Form

_TIMEOUT_S = 600
_SHOWN_BYTES = 300


class Refused(Exception):
    """A server refused records; the text says how."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer and how long it took."""

    status: int
    body: bytes
    seconds: float


class Connection:
    """A connection that stays open.

    Parameters
    ----------
    host, port
        Where the server listens.
    """

    def __init__(self, host: str, port: int) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)

    def __enter__(self) -> Connection:
        self._connection.connect()
        assert self._connection.sock is not None
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self

    def __exit__(self, *exception: object) -> None:
        self._connection.close()

    def get(self, path: str) -> Answer:
        """Ask for a path."""
        return self._ask("GET", path, None, {})

    def send(self, form: Form, body: bytes) -> Answer:
        """Send records; raise `Refused` when they are not answered with success."""
        answer = self._ask(form.method, form.path, body, form.headers)
        check_status(answer.status, answer.body)
        return answer

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        began = time.perf_counter()
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except http.client.HTTPException as error:
            raise OSError(f"{type(error).__name__} instead of an answer") from error
        return Answer(answer.status, content, time.perf_counter() - began)


def check_status(status: int, body: bytes) -> None:
    """Raise `Refused` with the start of the body unless the status is a success."""
    if status >= 300:
        said = " ".join(body[:_SHOWN_BYTES].decode(errors="replace").split())
        raise Refused(f"status {status}: {said}")
