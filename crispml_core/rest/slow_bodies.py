"""A body that does not come: how long a client may let the service wait for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, cast

from starlette.types import Message, Receive

from crispml_core.domain.errors import InvalidInput

# With so many bytes a body earns a second more: the slowest line that can upload a large file.
BYTES_PER_S = 64 * 1024


class BodyTooSlow(InvalidInput):
    """Raised when a body takes longer than it may."""

    code = "body_too_slow"


class BodyClock:
    """A `receive` that bounds how long the service waits for a body.

    Only the waiting counts, not the time that the service needs for what came. When the body is
    whole the clock stands still: who waits then waits for the client to go.

    Parameters
    ----------
    receive : callable
        Of the ASGI server.
    timeout_s : float
        How long a body may take; every `BYTES_PER_S` bytes it gets a second more.
    """

    def __init__(self, receive: Receive, timeout_s: float) -> None:
        self._receive, self._left = receive, timeout_s
        self._is_whole = False

    async def __call__(self) -> Message:
        """Return the next message.

        Raises
        ------
        BodyTooSlow
            If the time is over.
        """
        if self._is_whole:
            return await self._receive()
        message = arrived(self._receive)
        if message is None:
            message = await self._wait()
        self._left += len(message.get("body", b"")) / BYTES_PER_S
        self._is_whole = not message.get("more_body", False)
        return message

    async def _wait(self) -> Message:
        began = time.monotonic()
        try:
            async with asyncio.timeout(max(self._left, 0.0)):
                return await self._receive()
        except TimeoutError:
            raise BodyTooSlow(
                "the body did not come in time: send it at once, or raise "
                "CRISPML_SERVER__BODY_TIMEOUT_S"
            ) from None
        finally:
            self._left -= time.monotonic() - began


def arrived(receive: Receive) -> Message | None:
    """Return the next message if it is there already, else None; nothing is lost.

    A clock costs more than the whole rest of receiving, and nearly every body comes with its head.
    """
    waiting = cast("Coroutine[Any, Any, Message]", receive())
    try:
        waiting.send(None)
    except StopIteration as there:
        message: Message = there.value
        return message
    waiting.close()
    return None
