"""What a client at a real socket may take: time, size of a head, connections, memory, turns."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.responses import Response, StreamingResponse

from crispml_core.rest.errors import install_error_handlers
from crispml_core.rest.limits import BodyLimit
from crispml_core.settings import CrispMLSettings
from tests.services.listening import Wire, listening

SCORE = b"/api/v1/use-cases/toy/new-data-score"
RECORD = json.dumps({"order_id": "O-1", "amount": 10.5, "items": 2, "channel": "web"}).encode()
PLAIN = (
    b"POST " + SCORE + b" HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n" % len(RECORD)
) + RECORD
GET = b"GET /livez HTTP/1.1\r\nhost: h\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: %d\r\n\r\n"
HEAD_S, UNREAD_S = 0.6, 0.6
# The server looks once a second.
AT_MOST_S = HEAD_S + 2.5


def limits(**server: Any) -> CrispMLSettings:
    return CrispMLSettings.model_validate({"server": server})


def app_with_limits(**limits: Any) -> FastAPI:
    """Make an app that reads bodies, and nothing else."""
    app = FastAPI()
    app.state.plain = None
    known = {"max_body_bytes": 10**6, "max_upload_bytes": 10**6, "max_held_bytes": 10**6}
    app.add_middleware(BodyLimit, **{**known, "timeout_s": 60, **limits})
    install_error_handlers(app)

    @app.post("/")
    async def read(request: Request) -> Response:
        await request.body()
        return Response()

    return app


@pytest.fixture
def port(scoring: Any) -> Iterator[int]:
    settings = limits(head_timeout_s=HEAD_S, body_timeout_s=UNREAD_S, max_connections=8)
    with listening(scoring.app, settings) as port:
        yield port


def test_who_says_nothing_is_not_waited_for(port: int) -> None:
    with Wire(port) as wire:
        assert HEAD_S <= wire.seconds_open() < AT_MOST_S


@pytest.mark.parametrize("before", [b"", GET, PLAIN], ids=["first", "after an answer", "plain"])
def test_a_head_that_drips_is_refused(port: int, before: bytes) -> None:
    with Wire(port) as wire:
        if before:
            assert wire.send(before).answer()[0] == 200
        wire.send(b"GET /livez HTTP/1.1\r\n", *[b"x: y\r\n"] * 8, pause=0.3)
        status, fields, body = wire.answer()
        assert (status, json.loads(body)["code"]) == (408, "head_too_slow")
        assert fields["connection"] == "close"
        assert wire.seconds_open() < 1


def test_empty_lines_do_not_keep_a_connection(port: int) -> None:
    with Wire(port) as wire:
        assert wire.send(GET).answer()[0] == 200
        began = time.monotonic()
        wire.send(*[b"\r\n"] * 10, pause=0.3)
        wire.seconds_open()
        assert time.monotonic() - began < 0.3 * 10 + 1


def test_a_connection_that_is_used_stays_open_for_longer_than_a_head_may_take(port: int) -> None:
    with Wire(port) as wire:
        for request in (GET, PLAIN) * 4:
            assert wire.send(request, pause=0.35).answer()[0] == 200


@pytest.mark.parametrize(
    "head",
    [
        b"GET /livez?" + b"x" * 33_000 + b" HTTP/1.1\r\nhost: h\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nhost: h\r\nx: " + b"x" * 33_000 + b"\r\n\r\n",
        b"GET /livez HTTP/1.1\r\n" + b"x: y\r\n" * 101 + b"\r\n",
        PLAIN.replace(b"host: h", b"host: h\r\n" + b"x: y\r\n" * 101),
    ],
    ids=["address", "field", "fields", "plain"],
)
def test_a_head_that_is_too_large_is_refused(port: int, head: bytes) -> None:
    with Wire(port) as wire:
        status, _, body = wire.send(head).answer()
        assert (status, json.loads(body)["code"]) == (431, "head_too_large")
        assert wire.seconds_open() < 1


def test_a_head_without_an_end_is_not_kept_in_memory(port: int) -> None:
    with Wire(port) as wire:
        wire.send(b"GET /livez HTTP/1.1\r\nx: ", *[b"x" * 10_000] * 20, pause=0.005)
        status, _, body = wire.answer()
        assert (status, json.loads(body)["code"]) == (431, "head_too_large")


def test_what_is_no_http_gets_a_problem_document(port: int) -> None:
    with Wire(port) as wire:
        status, fields, body = wire.send(b"CANARY\r\n\r\n").answer()
        assert status == 400
        assert fields["content-type"] == "application/problem+json"
        assert fields["x-content-type-options"] == "nosniff"
        assert fields["x-request-id"] == json.loads(body)["request_id"]
        assert b"CANARY" not in body


def test_one_connection_too_many_is_told_to_come_again(port: int) -> None:
    with ExitStack() as stack:
        taken = [stack.enter_context(Wire(port)) for _ in range(8)]
        for wire in taken:
            assert wire.send(GET).answer()[0] == 200
        late = stack.enter_context(Wire(port))
        status, fields, body = late.answer()
        assert (status, json.loads(body)["code"]) == (503, "too_many_connections")
        assert fields["retry-after"]
        taken[0].__exit__()
        time.sleep(0.2)
        assert stack.enter_context(Wire(port)).send(GET).answer()[0] == 200


def test_a_body_that_was_refused_is_not_waited_for(port: int) -> None:
    with Wire(port) as wire:
        wire.send(b"POST /nowhere HTTP/1.1\r\nhost: h\r\ncontent-length: 10000\r\n\r\nx")
        assert wire.answer()[0] == 404
        assert wire.seconds_open() < UNREAD_S + 2.5


def test_a_body_that_drips_is_refused() -> None:
    app = app_with_limits(timeout_s=UNREAD_S)
    with listening(app, limits()) as port, Wire(port) as wire:
        wire.send(POST % 100, *[b" "] * 10, pause=0.15)
        status, _, body = wire.answer()
        assert (status, json.loads(body)["code"]) == (408, "body_too_slow")


def test_bodies_that_are_held_share_a_budget() -> None:
    app = app_with_limits(max_held_bytes=1500)
    with listening(app, limits()) as port, Wire(port) as first, Wire(port) as second:
        first.send(POST % 1000, b"x" * 999, pause=0.2)
        status, fields, body = second.send(POST % 1000 + b"x" * 1000).answer()
        assert (status, json.loads(body)["code"]) == (503, "overloaded")
        assert fields["retry-after"]
        assert first.send(b"x").answer()[0] == 200
        with Wire(port) as third:
            assert third.send(POST % 1000 + b"x" * 1000).answer()[0] == 200


def test_an_answer_that_nobody_reads_is_given_up() -> None:
    app, ended = FastAPI(), []
    app.state.plain = None

    async def endless() -> Any:
        try:
            while True:
                yield b"x" * 1_000_000
                await asyncio.sleep(0.001)
        finally:
            ended.append(time.monotonic())

    @app.get("/endless")
    async def answer() -> StreamingResponse:
        return StreamingResponse(endless())

    with (
        listening(app, limits(body_timeout_s=UNREAD_S)) as port,
        Wire(port, receive_buffer=4096) as wire,
    ):
        wire.send(b"GET /endless HTTP/1.1\r\nhost: h\r\n\r\n")
        deadline = time.monotonic() + 10
        while not ended and time.monotonic() < deadline:
            time.sleep(0.05)
    assert ended


def test_one_caller_does_not_take_all_the_turns(
    scoring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, waiting = scoring.app.state.gate, []
    monkeypatch.setattr(gate, "_may", {})
    work = gate.may_score(None, "toy")
    monkeypatch.setattr(work, "most", 2)
    score_plain = scoring.parts.engine.score_plain

    def wait(*asked: Any) -> None:
        loop = asyncio.get_running_loop()
        waiting.append(lambda: loop.call_soon_threadsafe(score_plain, *asked))

    monkeypatch.setattr(scoring.parts.engine, "score_plain", wait)
    with listening(scoring.app, limits()) as port, ExitStack() as stack:
        first, second, third = (stack.enter_context(Wire(port)) for _ in range(3))
        first.send(PLAIN)
        second.send(PLAIN, pause=0.2)
        assert (len(waiting), work.now) == (2, 2)
        for request in (PLAIN, PLAIN.replace(b"host: h", b"accept: application/json;q=1")):
            status, fields, body = third.send(request).answer()
            assert (status, json.loads(body)["code"]) == (429, "too_many_requests")
            assert fields["retry-after"]
        assert third.send(GET).answer()[0] == 200  # probes belong to nobody
        for asked in waiting:
            asked()
        assert [wire.answer()[0] for wire in (first, second)] == [200, 200]
        monkeypatch.setattr(scoring.parts.engine, "score_plain", score_plain)
        assert third.send(PLAIN).answer()[0] == 200
        assert work.now == 0


def test_the_turn_of_a_request_that_fails_is_given_back(
    scoring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(scoring.parts.engine, "score_plain", broken)
    with listening(scoring.app, limits()) as port, Wire(port) as wire:
        assert wire.send(PLAIN).answer()[0] == 500
        assert scoring.app.state.gate.may_score(None, "toy").now == 0
