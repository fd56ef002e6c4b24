"""What was asked of a service, and what came of it, as a value that a page reacts to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from shiny import reactive

from crispml_console.service.call import Call
from crispml_console.service.visitors import Visitor
from crispml_core.client import ClientError, ServiceUnreachable

T = TypeVar("T")
_AGAIN_S = 2.0
_tasks: set[asyncio.Task[None]] = set()  # the loop itself holds no task


@dataclass(frozen=True, slots=True)
class State(Generic[T]):
    """Where a question stands.

    Parameters
    ----------
    value : object or None
        The last answer, which stays while it is asked again.
    error : ClientError or None
        Why there is no newer one.
    is_asking : bool
        Whether an answer is on its way.
    call : Call or None
        What was asked last.
    """

    value: T | None = None
    error: ClientError | None = None
    is_asking: bool = False
    call: Call[T] | None = None


class Asked(Generic[T]):
    """A question to a service that blocks nobody.

    All visitors of a process share the lock under which a page reacts, so nothing waits for a
    service there: a thread asks, and the page reacts to the answer. Of answers that overtake each
    other the newest question counts. A service that does not answer is asked again until it does.

    Parameters
    ----------
    visitor : Visitor
        In whose name it is asked.
    on_answer : callable, optional
        Told each answer.
    """

    def __init__(self, visitor: Visitor, on_answer: Callable[[T], None] | None = None) -> None:
        self._visitor, self._on_answer = visitor, on_answer
        self._state: reactive.Value[State[T]] = reactive.Value(State(), name="state")
        self._number = 0

    def __call__(self) -> State[T]:
        """Return the state; whoever calls it in a reactive place is run again when it changes."""
        return self._state()

    def ask(self, call: Call[T], *, is_read: bool = True) -> None:
        """Ask. A read is repeated while the service does not answer; what changes something never.

        It returns at once.
        """
        self._number += 1
        with reactive.isolate():
            self._state.set(State(self._state().value, is_asking=True, call=call))
        task = asyncio.get_running_loop().create_task(self._answer(call, self._number, is_read))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)

    def forget(self) -> None:
        """Keep no answer: for what is shown once."""
        self._number += 1
        with reactive.isolate():
            self._state.set(State())

    def stop(self) -> None:
        """Let no answer count any more, and ask nothing again."""
        self._number += 1

    async def _answer(self, call: Call[T], number: int, is_read: bool) -> None:
        while number == self._number:
            value, error = None, None
            try:
                value = await asyncio.to_thread(self._visitor.run, call)
            except ClientError as raised:
                error = raised
            async with reactive.lock():
                if number != self._number:
                    return
                with reactive.isolate():
                    before = self._state().value
                found = value if error is None else before
                self._state.set(State(found, error, call=call))
                if error is None and self._on_answer is not None:
                    self._on_answer(value)  # type: ignore[arg-type]
                await reactive.flush()
            if not (is_read and isinstance(error, ServiceUnreachable)):
                return
            await asyncio.sleep(_AGAIN_S)
