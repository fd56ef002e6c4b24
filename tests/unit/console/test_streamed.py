"""What comes in parts is shown part by part, and nobody reads on for a page that was left."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

from shiny import reactive

from crispml_console.service.call import Call
from crispml_console.service.streamed import Progress, Streamed
from crispml_core.client import ServiceFailed


class Visitor:
    """Streams a call without a client."""

    def stream(self, call: Call[Iterator[int]], on_item: Callable[[int], bool]) -> None:
        for item in call.method():
            if not on_item(item):
                return


async def until(streamed: Streamed[int], reached: Callable[[Progress[int]], bool]) -> Progress[int]:
    for _ in range(500):
        with reactive.isolate():
            state = streamed()
        if reached(state):
            return state
        await asyncio.sleep(0.01)
    raise AssertionError(f"it is still {state}")


def streamed_of(parts: Callable[[], Iterator[int]]) -> Streamed[int]:
    streamed: Streamed[int] = Streamed(Visitor())  # type: ignore[arg-type]
    streamed.ask(Call("training", parts, (), {}))
    return streamed


def run(test: Any) -> None:
    asyncio.run(asyncio.wait_for(test(), 20))


def test_the_first_part_is_there_before_the_last_one_comes():
    gate = threading.Event()

    def parts() -> Iterator[int]:
        yield 1
        gate.wait(10)
        yield 2

    async def test() -> None:
        streamed = streamed_of(parts)
        state = await until(streamed, lambda state: state.items == (1,))
        assert state.is_asking
        assert not state.is_done
        gate.set()
        state = await until(streamed, lambda state: state.is_done)
        assert (state.items, state.is_asking, state.error) == ((1, 2), False, None)

    run(test)


def test_what_came_stays_beside_the_error_that_ended_it():
    def parts() -> Iterator[int]:
        yield 1
        raise ServiceFailed("the database went away", status=503)

    async def test() -> None:
        state = await until(streamed_of(parts), lambda state: state.error is not None)
        assert (state.items, state.is_asking, state.is_done) == ((1,), False, False)

    run(test)


def test_nobody_reads_on_when_the_page_was_left():
    gate, read = threading.Event(), []

    def parts() -> Iterator[int]:
        for number in range(1000):
            read.append(number)
            yield number
            gate.wait(10)

    async def test() -> None:
        streamed = streamed_of(parts)
        await until(streamed, lambda state: bool(state.items))
        streamed.stop()
        gate.set()
        await asyncio.sleep(0.2)
        assert len(read) <= 2

    run(test)


def test_a_second_question_begins_anew():
    async def test() -> None:
        streamed = streamed_of(lambda: iter((1, 2)))
        await until(streamed, lambda state: state.is_done)
        streamed.ask(Call("training", lambda: iter((3,)), (), {}))
        state = await until(streamed, lambda state: state.is_done)
        assert state.items == (3,)

    run(test)
