"""Plain requests, answered at the socket: without the scope, the task and the events of ASGI.

For every request an ASGI server makes a scope, a task, an event and two messages, which costs more
than reading, scoring and keeping a record. So the protocol looks first at what a connection that
waits for a request receives: if that is the head of a plain request and its whole body, somebody
may answer it at once. Whatever else comes goes to the server below, byte for byte, and from there
to the app.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from crispml_core.rest.connections import CLOSE, STATUS_LINES, Connection, Limits, connections
from crispml_core.rest.joined_writes import JoiningTransport
from crispml_core.rest.plain_heads import PlainHead, PlainHeads, Reply

_END = b"\r\n\r\n"
# So long the rest of a body may come after its head; then the request is the app's business.
PATIENCE_S = 0.1


class PlainAnswers(Protocol):
    """What answers plain requests."""

    def is_answered(self, path: str) -> bool:
        """Return whether requests for a path are answered here."""
        ...

    def answer(self, head: PlainHead, body: bytes, reply: Reply) -> bool:
        """Answer a request, now or later and once; False leaves it to the app."""
        ...


def protocol(answers: PlainAnswers | None, limits: Limits) -> Callable[..., asyncio.Protocol]:
    """Return what makes the protocol of each connection of a server."""
    if answers is None:
        return connections(limits)
    heads = PlainHeads(answers.is_answered)

    def make(**options: Any) -> asyncio.Protocol:
        return PlainRequests(answers, heads, limits, **options)

    return make


class PlainRequests(Connection):
    """One connection.

    Parameters
    ----------
    answers : PlainAnswers
        Asked about each plain request.
    heads : PlainHeads
        Shared by all connections.
    limits : Limits
        What a client may take.
    **options
        Those of the protocol of the server.
    """

    def __init__(
        self, answers: PlainAnswers, heads: PlainHeads, limits: Limits, **options: Any
    ) -> None:
        super().__init__(limits, **options)
        self._answers, self._heads = answers, heads
        self._is_parsing = False  # the server below has read a part of a request
        self._is_answering = self._is_closing = False
        self._held, self._next = b"", b""
        self._holding: asyncio.TimerHandle | None = None
        self._active_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take over a connection."""
        self._joining = JoiningTransport(transport, self.loop)
        super().connection_made(self._joining)  # type: ignore[arg-type]
        self._is_closing = CLOSE in self.server_state.default_headers

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what came of a request."""
        self._unhold()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Answer a plain request, or hand over what came."""
        if self._is_answering:  # the next request has to wait for its turn
            self._next += data
            self.flow.pause_reading()
            return
        if self._held:
            data, self._held = self._held + data, b""
        if not self._is_parsing and (self.cycle is None or self.cycle.response_complete):
            end = data.find(_END)
            head = self._heads.find(data[:end]) if end > 0 else None
            if head is not None:
                body = data[end + len(_END) :]
                if len(body) < head.length:
                    self._hold(data)
                    return
                if len(body) == head.length:
                    self._unhold()
                    self._is_answering, self._head_since = True, None
                    if self._answers.answer(head, body, self._reply):
                        return
                    self._is_answering = False
        self._unhold()
        super().data_received(data)

    def _reply(self, status: int, fields: bytes, body: bytes) -> None:
        self._is_answering = False
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        dates = b"".join(b"%b: %b\r\n" % field for field in self.server_state.default_headers)
        self._joining.write_now(b"".join((STATUS_LINES[status], dates, fields, b"\r\n", body)))
        if self._is_closing:
            self.transport.close()
            return
        self._active_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._keep_alive(self.timeout_keep_alive)
        if self._next:
            data, self._next = self._next, b""
            self.flow.resume_reading()
            self.data_received(data)

    def _hold(self, data: bytes) -> None:
        """Wait for the rest of a body; the time is that of the whole body."""
        self._held = data
        if self._holding is None:
            self._holding = self.loop.call_later(PATIENCE_S, self._let_go)

    def _unhold(self) -> bytes:
        held, self._held = self._held, b""
        if self._holding is not None:
            self._holding.cancel()
            self._holding = None
        return held

    def _let_go(self) -> None:
        if held := self._unhold():
            super().data_received(held)

    def on_message_begin(self) -> None:
        """Note that the server below reads a request."""
        self._is_parsing = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Note that the server below has read a whole request."""
        self._is_parsing = False
        super().on_message_complete()

    def end_with_answer(self) -> None:
        """Let the next answer that begins be the last one; the server lets it say so."""
        self._is_closing = True
        super().end_with_answer()

    def shutdown(self) -> None:
        """Let the request that is being answered be the last one."""
        self._let_go()
        if self._is_answering:
            self._is_closing = True
        else:
            super().shutdown()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that nothing was asked on for a while.

        One timer serves many plain requests: it is not set anew by each of them.
        """
        if not self._is_wanted():
            super().timeout_keep_alive_handler()

    def close_quiet(self) -> None:
        """Close a connection on which nothing has come."""
        if not self._is_wanted():
            super().close_quiet()

    def _is_wanted(self) -> bool:
        """Return whether there was or is a plain request, after which the timer is set anew."""
        left = self._active_at + self.timeout_keep_alive - self.loop.time()
        if self._is_answering or self._held or left > 0:
            self._keep_alive(max(left, 1.0))
            return True
        return False

    def _keep_alive(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )
