"""A question blocks nobody, the newest counts, and a service that is away is asked again."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from shiny import reactive

from crispml_console.service import asked as module
from crispml_console.service.asked import Asked
from crispml_console.service.call import Call
from crispml_core.client import RequestRefused, ServiceUnreachable


class Visitor:
    """Runs a call without a client."""

    def run(self, call: Call[Any]) -> Any:
        return call.method(*call.args)


def call(method: Any, *args: Any) -> Call[Any]:
    return Call("training", method, args, {})


async def until(asked: Asked[Any], reached: Any) -> Any:
    """Return the state once it is as wanted."""
    for _ in range(500):
        with reactive.isolate():
            state = asked()
        if reached(state):
            return state
        await asyncio.sleep(0.01)
    raise AssertionError(f"it is still {state}")


def run(test: Any) -> None:
    asyncio.run(asyncio.wait_for(test(), 20))


def test_an_answer_replaces_what_was_asked():
    async def test() -> None:
        asked: Asked[int] = Asked(Visitor())  # type: ignore[arg-type]
        asked.ask(call(lambda: 7))
        with reactive.isolate():
            assert asked().is_asking
        state = await until(asked, lambda state: not state.is_asking)
        assert (state.value, state.error) == (7, None)

    run(test)


def test_others_go_on_while_a_service_is_slow():
    async def test() -> None:
        gate = threading.Event()
        slow: Asked[int] = Asked(Visitor())  # type: ignore[arg-type]
        quick: Asked[int] = Asked(Visitor())  # type: ignore[arg-type]
        slow.ask(call(lambda: gate.wait(10) and 1))
        quick.ask(call(lambda: 2))
        assert (await until(quick, lambda state: not state.is_asking)).value == 2
        with reactive.isolate():
            assert slow().is_asking
        gate.set()
        await until(slow, lambda state: not state.is_asking)

    run(test)


def test_an_answer_that_comes_late_does_not_replace_a_newer_one():
    async def test() -> None:
        gate = threading.Event()
        asked: Asked[str] = Asked(Visitor())  # type: ignore[arg-type]
        asked.ask(call(lambda: gate.wait(10) and "old"))
        asked.ask(call(lambda: "new"))
        await until(asked, lambda state: state.value == "new")
        gate.set()
        await asyncio.sleep(0.1)
        with reactive.isolate():
            assert asked().value == "new"

    run(test)


def test_a_refusal_stands_beside_the_last_answer():
    def refuse() -> None:
        raise RequestRefused("no", status=422)

    async def test() -> None:
        asked: Asked[int] = Asked(Visitor())  # type: ignore[arg-type]
        asked.ask(call(lambda: 7))
        await until(asked, lambda state: state.value == 7)
        asked.ask(call(refuse))
        state = await until(asked, lambda state: state.error is not None)
        assert (state.value, state.error.detail) == (7, "no")

    run(test)


def test_a_read_is_asked_again_until_the_service_is_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_AGAIN_S", 0.01)
    tries = []

    def away() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise ServiceUnreachable("nobody answers")
        return "back"

    async def test() -> None:
        asked: Asked[str] = Asked(Visitor())  # type: ignore[arg-type]
        asked.ask(call(away))
        state = await until(asked, lambda state: state.value == "back")
        assert state.error is None

    run(test)


def test_what_changes_something_is_never_done_twice(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_AGAIN_S", 0.01)
    tries = []

    def away() -> str:
        tries.append(1)
        raise ServiceUnreachable("nobody answers")

    async def test() -> None:
        asked: Asked[str] = Asked(Visitor())  # type: ignore[arg-type]
        asked.ask(call(away), is_read=False)
        await until(asked, lambda state: state.error is not None)
        await asyncio.sleep(0.1)
        assert len(tries) == 1

    run(test)


def test_what_is_shown_once_can_be_forgotten():
    async def test() -> None:
        told: list[str] = []
        asked: Asked[str] = Asked(Visitor(), told.append)  # type: ignore[arg-type]
        asked.ask(call(lambda: "secret"))
        await until(asked, lambda state: state.value == "secret")
        asked.forget()
        with reactive.isolate():
            assert asked().value is None
        assert told == ["secret"]

    run(test)


def test_a_page_that_was_left_asks_nothing_any_more(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_AGAIN_S", 0.01)
    tries = []

    def away() -> str:
        tries.append(1)
        raise ServiceUnreachable("nobody answers")

    async def test() -> None:
        asked: Asked[str] = Asked(Visitor())  # type: ignore[arg-type]
        asked.ask(call(away))
        await until(asked, lambda state: state.error is not None)
        asked.stop()
        await asyncio.sleep(0.05)
        before = len(tries)
        await asyncio.sleep(0.1)
        assert len(tries) == before

    run(test)
