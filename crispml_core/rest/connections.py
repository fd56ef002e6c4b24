"""One connection: how long it may take over a request and its answer, and how large a head is.

The ASGI server below waits for ever for the head of a request, reads heads of any size, and lets a
client take as long as it wants to read an answer. A few thousand such clients cost an attacker
nothing, so what a client lets the service wait for ends here. Bodies have their own clock, see
`crispml_core.rest.slow_bodies`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from crispml_core.rest.errors import RETRY_AFTER_S, problem_response
from crispml_core.rest.request_id import HEADER
from crispml_core.rest.security_headers import SECURITY_FIELDS
from crispml_core.settings import ServerSettings

MOST_HEAD_BYTES = 32 * 1024
# Longer than a turn of the event loop, in which it reads what has come.
_TURN_S = 0.01
MOST_FIELDS = 100
STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}

CLOSE = (b"connection", b"close")
"""Says in an answer that it is the last one of its connection."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may take.

    Parameters
    ----------
    connections : int
        Open at the same time in this process.
    head_s : float
        From the first moment that a request may come until its head is whole.
    unread_s : float
        For how long an answer may wait to be read, and the rest of a body that was refused to come.
    """

    connections: int
    head_s: float
    unread_s: float

    @classmethod
    def of(cls, settings: ServerSettings) -> Limits:
        """Return the limits that the settings name."""
        return cls(settings.max_connections, settings.head_timeout_s, settings.body_timeout_s)


class Connection(HttpToolsProtocol):
    """One connection of the ASGI server, within limits.

    `look` is called once a second by the server: a timer of each connection would cost more.

    Parameters
    ----------
    limits : Limits
    **options
        Those of the protocol of the server.
    """

    def __init__(self, limits: Limits, **options: Any) -> None:
        super().__init__(**options)
        self._limits = limits
        self._head_since: float | None = None
        self._unread_since: float | None = None
        self._unwanted_since: float | None = None
        self._head_bytes = self._fields = self._field_bytes = 0
        self._is_body = False
        self._refusal: tuple[int, str, str] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take over a connection, unless there are too many."""
        super().connection_made(transport)
        self._head_since = self.loop.time()
        if len(self.connections) > self._limits.connections:
            self._refuse(
                503,
                "too_many_connections",
                "this process has all the connections that CRISPML_SERVER__MAX_CONNECTIONS allows: "
                "try again shortly, and keep connections open instead of many",
                {"Retry-After": str(RETRY_AFTER_S)},
            )

    def data_received(self, data: bytes) -> None:
        """Read on, as long as the head is not too large."""
        if self.transport.is_closing():
            return  # it was refused
        if self._head_since is None and self._waits_for_head:
            self._head_since = self.loop.time()
        super().data_received(data)
        if self._head_since is not None and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse(*_HEAD_TOO_LARGE)

    @property
    def _waits_for_head(self) -> bool:
        return not self._is_body and (self.cycle is None or self.cycle.response_complete)

    def on_message_begin(self) -> None:
        """Count the header fields of the next request from the start."""
        self._fields = self._field_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take in a part of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in a header field; behind a body they count too."""
        self._fields += 1
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def _count(self, size: int) -> None:
        self._field_bytes += size
        if self._field_bytes > MOST_HEAD_BYTES or self._fields > MOST_FIELDS:
            self._refusal = _HEAD_TOO_LARGE
            raise ValueError("too many header fields")  # the parser makes a refusal of it

    def on_headers_complete(self) -> None:
        """Note that the head is whole."""
        self._head_since, self._head_bytes, self._is_body = None, 0, True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the request is whole."""
        self._is_body, self._unwanted_since = False, None
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Note since when the client does not read."""
        self._unread_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that it reads."""
        self._unread_since = None
        super().resume_writing()

    def look(self, now: float) -> None:
        """End a connection whose client takes too long; `now` is a moment of the event loop."""
        if self.transport is None or self.transport.is_closing():
            return
        limits = self._limits
        if self._head_since is not None and now - self._head_since > limits.head_s:
            if self._head_bytes:
                self._refuse(*_HEAD_TOO_SLOW)
            else:
                self.transport.close()  # nothing was asked
        elif self._unread_since is not None and now - self._unread_since > limits.unread_s:
            self.transport.abort()
        elif self._is_body and self.cycle is not None and self.cycle.response_complete:
            self._unwanted_since = self._unwanted_since or now
            if now - self._unwanted_since > limits.unread_s:
                self.transport.abort()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that nothing was asked on for a while, unless something has come.

        A process that was frozen, or had no processor for long, finds its timers before what it
        was sent meanwhile. So that is read first; the server below stops this timer as it does the
        one before.
        """
        self.timeout_keep_alive_task = self.loop.call_later(_TURN_S, self.close_quiet)

    def close_quiet(self) -> None:
        """Close a connection on which nothing has come."""
        self.timeout_keep_alive_task = None
        super().timeout_keep_alive_handler()

    def end_with_answer(self) -> None:
        """Let an answer that has not begun be the last one; one that has could not say so."""
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser could not read."""
        self._refuse(*(self._refusal or _NO_HTTP))

    def _refuse(
        self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer without the app, and close."""
        request_id = str(uuid4())
        scope = {"type": "http", "method": "", "state": {"request_id": request_id}}
        response = problem_response(scope, status, code, detail, headers=headers)
        fields = (
            *self.server_state.default_headers,
            *response.raw_headers,
            (HEADER.lower().encode(), request_id.encode()),
        )
        lines = b"".join(b"%b: %b\r\n" % field for field in fields)
        head = STATUS_LINES[status] + lines + SECURITY_FIELDS + b"connection: close\r\n\r\n"
        self.transport.write(head + bytes(response.body))
        self.transport.close()


_NO_HTTP = (400, "bad_request", "this is not a request of HTTP/1.1")
_HEAD_TOO_SLOW = (
    408,
    "head_too_slow",
    "the head of the request did not come in time: send it at once, or raise "
    "CRISPML_SERVER__HEAD_TIMEOUT_S",
)
_HEAD_TOO_LARGE = (
    431,
    "head_too_large",
    f"address and header fields are larger than {MOST_HEAD_BYTES} bytes, or there are more than "
    f"{MOST_FIELDS} fields",
)


def connections(limits: Limits) -> Callable[..., asyncio.Protocol]:
    """Return what makes the protocol of each connection of a server."""

    def make(**options: Any) -> asyncio.Protocol:
        return Connection(limits, **options)

    return make
