"""The clock runs only while the service waits for a body."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from crispml_core.rest.slow_bodies import BYTES_PER_S, BodyClock, BodyTooSlow, arrived

MORE, LAST = True, False


def part(size: int = 1, more: bool = MORE) -> dict[str, Any]:
    return {"type": "http.request", "body": b"x" * size, "more_body": more}


def client(*parts: tuple[float, dict[str, Any]]) -> Any:
    """Return a `receive` whose messages come after these pauses."""
    left = list(parts)

    async def receive() -> dict[str, Any]:
        pause, message = left[0]
        if pause:
            await asyncio.sleep(pause)
        del left[0]
        return message

    return receive


async def all_of(clock: BodyClock) -> int:
    size = 0
    while True:
        message = await clock()
        size += len(message["body"])
        if not message["more_body"]:
            return size


def test_a_body_that_is_there_is_taken_without_a_clock() -> None:
    clock = BodyClock(client((0, part()), (0, part(more=LAST))), 1e-9)
    assert asyncio.run(all_of(clock)) == 2


def test_a_body_that_comes_byte_by_byte_is_refused_although_every_pause_is_short() -> None:
    clock = BodyClock(client(*[(0.03, part())] * 50), 0.1)
    with pytest.raises(BodyTooSlow, match="CRISPML_SERVER__BODY_TIMEOUT_S"):
        asyncio.run(all_of(clock))


def test_a_large_body_gets_the_time_that_it_needs() -> None:
    parts = [(0.03, part(BYTES_PER_S))] * 10
    clock = BodyClock(client(*parts, (0, part(more=LAST))), 0.1)
    assert asyncio.run(all_of(clock)) == 10 * BYTES_PER_S + 1


def test_after_the_body_nobody_is_hurried() -> None:
    clock = BodyClock(client((0, part(more=LAST)), (0.1, {"type": "http.disconnect"})), 0.02)

    async def body_and_end() -> list[str]:
        return [(await clock())["type"], (await clock())["type"]]

    assert asyncio.run(body_and_end()) == ["http.request", "http.disconnect"]


def test_looking_whether_a_message_is_there_loses_none() -> None:
    receive = client((0.01, part(7, LAST)))

    async def look_then_wait() -> tuple[Any, int]:
        return arrived(receive), len((await receive())["body"])

    assert asyncio.run(look_then_wait()) == (None, 7)
