"""What a service tells item by item while it works, as a value that a page reacts to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from shiny import reactive

from crispml_console.service.call import Call
from crispml_console.service.visitors import Visitor
from crispml_core.client import ClientError

T = TypeVar("T")
_tasks: set[asyncio.Task[None]] = set()  # the loop itself holds no task


@dataclass(frozen=True, slots=True)
class Progress(Generic[T]):
    """How far a service has come.

    Parameters
    ----------
    items : tuple
        What it told so far.
    error : ClientError or None
        Why it did not come to its end.
    is_asking, is_done : bool
        Whether more comes, and whether it came to its end.
    """

    items: tuple[T, ...] = ()
    error: ClientError | None = None
    is_asking: bool = False
    is_done: bool = False


class Streamed(Generic[T]):
    """A question whose answer comes in parts. A thread reads, and the page reacts to each part.

    Parameters
    ----------
    visitor : Visitor
        In whose name it is asked.
    """

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self._state: reactive.Value[Progress[T]] = reactive.Value(Progress(), name="state")
        self._number = 0

    def __call__(self) -> Progress[T]:
        """Return the state; whoever calls it in a reactive place is run again when it changes."""
        return self._state()

    def ask(self, call: Call[Iterator[T]]) -> None:
        """Ask; it returns at once. What was asked before counts no more."""
        self._number += 1
        self._state.set(Progress(is_asking=True))
        task = asyncio.get_running_loop().create_task(self._read(call, self._number))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)

    def stop(self) -> None:
        """Read no further; the service is let go with its next part."""
        self._number += 1

    async def _read(self, call: Call[Iterator[T]], number: int) -> None:
        loop = asyncio.get_running_loop()
        parts: asyncio.Queue[T | None] = asyncio.Queue()

        def on_item(item: T) -> bool:
            loop.call_soon_threadsafe(parts.put_nowait, item)
            return number == self._number

        reading = asyncio.ensure_future(asyncio.to_thread(self._visitor.stream, call, on_item))
        reading.add_done_callback(lambda _: parts.put_nowait(None))
        while (item := await parts.get()) is not None:
            await self._tell(number, item)
        error = reading.exception()
        if error is not None and not isinstance(error, ClientError):
            raise error
        await self._tell(number, error=error, is_asking=False, is_done=error is None)

    async def _tell(
        self,
        number: int,
        *found: T,
        error: ClientError | None = None,
        is_asking: bool = True,
        is_done: bool = False,
    ) -> None:
        async with reactive.lock():
            if number != self._number:
                return
            with reactive.isolate():
                before = self._state()
            self._state.set(
                replace(
                    before,
                    items=before.items + found,
                    error=error,
                    is_asking=is_asking,
                    is_done=is_done,
                )
            )
            await reactive.flush()
