from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from crispml_core.domain.errors import TooLarge, trace_of
from crispml_core.rest.unexpected import SENTENCE, UnexpectedErrors

START = {"type": "http.response.start", "status": 200, "headers": []}


def answered(error: Exception, *, after_start: bool = False) -> list[dict[str, Any]]:
    """Let an app fail behind the net and return what it sent."""
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if after_start:
            await send(START)
        raise error

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nobody reads")

    asyncio.run(UnexpectedErrors(app)({"type": "http", "method": "GET"}, receive, send))
    return sent


def test_an_unforeseen_error_is_a_fixed_sentence() -> None:
    start, body = answered(ValueError("secret"))
    assert start["status"] == 500
    assert SENTENCE.encode() in body["body"]
    assert b"secret" not in body["body"]


def test_an_error_of_ours_keeps_its_status() -> None:
    assert answered(TooLarge("too much"))[0]["status"] == 413


def test_an_answer_that_has_begun_is_cut_off_without_the_text_of_the_error() -> None:
    with pytest.raises(RuntimeError, match="cut off") as raised:
        answered(ValueError("secret"), after_start=True)
    assert raised.value.__suppress_context__


def test_a_caller_that_went_away_gets_nothing() -> None:
    assert answered(ClientDisconnect()) == []


def test_an_error_is_described_by_types_and_frames_only() -> None:
    try:
        try:
            raise KeyError("sec" + "ret")
        except KeyError as error:
            raise ValueError("sec" + "ret") from error
    except ValueError as error:
        described = trace_of(error)
    assert described["exceptions"] == ["builtins.ValueError", "builtins.KeyError"]
    assert "test_an_error_is_described" in described["frames"][0]
    assert "secret" not in str(described)
