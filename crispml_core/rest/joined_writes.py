"""An answer in one write: what a turn of the event loop writes to a connection goes out at once.

An ASGI server writes the head of an answer and then its body, which are two system calls, and each
of them gives the interpreter to another thread and has to get it back. For a small answer that is
a good part of its cost.
"""

from __future__ import annotations

import asyncio
from typing import Any

_LARGE = 64 * 1024


class JoiningTransport:
    """Hands what is written to the transport below when the current turn of the loop is over."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._parts: list[bytes] = []
        self.is_closing = transport.is_closing  # asked for every answer

    def write(self, data: bytes) -> None:
        """Write with whatever else is written in this turn; large data at once, without a copy."""
        if len(data) > _LARGE:
            self.write_now(data)
            return
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def write_now(self, data: bytes) -> None:
        """Write a whole answer, behind what waits to be written."""
        self._flush()
        self._transport.write(data)

    def close(self) -> None:
        """Close after everything is written."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._parts:
            data, self._parts = b"".join(self._parts), []
            self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
