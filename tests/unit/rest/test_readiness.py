"""Whether a service is ready is noted again and again, whatever a check does."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from crispml_core.rest import health


def noted(checks, *, draining=False, looks=3):
    """Return the first notes of a service with these checks."""
    found = []

    async def run():
        state = SimpleNamespace(parts=object(), draining=draining)
        looking = asyncio.create_task(health.keep_looking(state, checks, found.append))
        while len(found) < looks:
            await asyncio.sleep(0.005)
        looking.cancel()

    asyncio.run(asyncio.wait_for(run(), 30))
    return found[:looks]


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    monkeypatch.setattr(health, "LOOK_EVERY_S", 0.001)


@pytest.mark.parametrize(
    ("said", "ready"), [(None, True), ("waiting: no champion", True), ("it is away", False)]
)
def test_it_is_what_the_checks_say(said, ready):
    assert noted(lambda parts: {"database": said}) == [ready] * 3


def test_who_stops_is_not_ready():
    assert noted(lambda parts: {"database": None}, draining=True) == [False] * 3


def test_a_check_that_breaks_is_not_ready_and_does_not_end_the_looks():
    looks = iter([ZeroDivisionError(), None, "it is away"])

    def checks(parts):
        found = next(looks, None)
        if isinstance(found, Exception):
            raise found
        return {"database": found}

    assert noted(checks) == [False, True, False]
