"""A plain record gets the same answer at the socket as from the app."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from crispml_core.domain.errors import Overloaded
from tests.services.listening import listening

SCORE = "/api/v1/use-cases/toy/new-data-score"
RECORD = {"order_id": "O-1", "amount": 10.5, "items": 2, "channel": "web"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def sockets(scoring: Any) -> Iterator[httpx.Client]:
    """A client of a real server in front of the service."""
    with (
        listening(scoring.app, scoring.parts.settings) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client,
    ):
        yield client


def both_ways(sockets: httpx.Client, body: bytes, **headers: str) -> tuple[Any, Any]:
    """Send a request the fast way, and in a way that only the app takes."""
    fast = sockets.post(SCORE, content=body, headers={**JSON, **headers})
    slow = sockets.post(
        SCORE, content=body, headers={"Content-Type": "application/json; charset=utf-8", **headers}
    )
    return fast, slow


def without_ids(answer: Any) -> Any:
    body = json.loads(answer.content)
    body.pop("group_id", None)
    for score in body.get("scores", ()):
        del score["score_id"]
    return body


def test_the_answers_are_the_same_but_for_the_ids(sockets: httpx.Client) -> None:
    fast, slow = both_ways(sockets, json.dumps(RECORD).encode())
    assert (fast.status_code, slow.status_code) == (200, 200)
    assert without_ids(fast) == without_ids(slow)
    assert list(fast.json()) == list(slow.json())
    assert fast.headers["Content-Type"] == slow.headers["Content-Type"] == "application/json"


def test_only_plain_requests_are_answered_at_the_socket(
    scoring: Any, sockets: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    hot, seen = scoring.app.state.plain, []
    answer = hot.answer

    def noted(head: Any, body: bytes, reply: Any) -> bool:
        seen.append((body, answer(head, body, reply)))
        return bool(seen[-1][1])

    monkeypatch.setattr(hot, "answer", noted)
    body = json.dumps(RECORD).encode()
    both_ways(sockets, body)
    both_ways(sockets, b"[]")
    sockets.post(SCORE, content=body, headers={**JSON, "Idempotency-Key": "k"})
    sockets.post(f"{SCORE}?interval=0.9", content=body, headers=JSON)
    assert seen == [(body, True), (b"[]", False)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        json.dumps({**RECORD, "amount": -1}).encode(),
        json.dumps({**RECORD, "items": "2"}).encode(),
        json.dumps({**RECORD, "extra": 1}).encode(),
        json.dumps({**RECORD, "returned": "yes"}).encode(),
        b'{"order_id": "O-1", "order_id": "O-2", "amount": 1, "items": 1, "channel": "web"}',
    ],
)
def test_what_is_refused_is_refused_in_the_same_words(sockets: httpx.Client, body: bytes) -> None:
    fast, slow = both_ways(sockets, body, **{"X-Request-ID": "r-1"})
    assert fast.status_code == slow.status_code >= 400
    assert fast.json() == slow.json()


def test_request_ids_and_traces_are_kept_and_emitted(scoring: Any, sockets: httpx.Client) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    headers = {"X-Request-ID": "my.request", "traceparent": trace}
    for answer in both_ways(sockets, json.dumps(RECORD).encode(), **headers):
        assert answer.headers["X-Request-ID"] == "my.request"
        assert answer.headers["traceparent"] == trace
    for answer in both_ways(sockets, json.dumps(RECORD).encode(), **{"X-Request-ID": "bad id"}):
        assert answer.headers["X-Request-ID"] not in ("", "bad id")
    kept = {score.request_id for score in scoring.parts.ledger.find()}
    assert len(kept) == 3
    assert "my.request" in kept


def test_requests_are_counted_alike(sockets: httpx.Client) -> None:
    both_ways(sockets, json.dumps(RECORD).encode())
    text = sockets.get("/metrics").text
    route = '{method="POST",route="/api/v1/use-cases/{use_case}/new-data-score",status="200"}'
    (count,) = [
        float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if line.startswith(f"crispml_http_requests_total{route}")
    ]
    assert count >= 2
    assert 'crispml_scores_total{model="toy",use_case="toy"' in text


def test_a_full_queue_is_told_on_both_ways(
    scoring: Any, sockets: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise Overloaded("more requests wait than this process may hold: try again shortly")

    monkeypatch.setattr(scoring.parts.engine._commits, "tell", full)
    fast, slow = both_ways(sockets, json.dumps(RECORD).encode())
    for answer in (fast, slow):
        assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
        assert answer.headers["Retry-After"]
        assert answer.headers["X-Request-ID"] == answer.json()["request_id"]


def test_what_nobody_foresaw_is_answered_too(
    scoring: Any, sockets: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> bytes:
        raise RuntimeError("SECRET")

    monkeypatch.setattr(scoring.app.state.plain, "_write", broken)
    answer = sockets.post(SCORE, content=json.dumps(RECORD).encode(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_server_error")
    assert "SECRET" not in answer.text


def test_other_methods_of_the_address_are_the_business_of_the_app(sockets: httpx.Client) -> None:
    assert sockets.get(SCORE).status_code == 405
    assert sockets.options(SCORE).status_code == 405
