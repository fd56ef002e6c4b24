"""Whoever signed in is known by a secret, for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from crispml_console.service.visitors import Visitors
from crispml_console.settings import ConsoleSettings, Settings
from crispml_core.client import ClientError, CrispMLClient

WHO = {
    "name": "key:ann",
    "grants": ["trainer:churn"],
    "key_id": "k",
    "environment": "dev",
    "permissions": {"train": ["churn"], "read": ["*"]},
}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stand in for the network of every client; collects what was closed."""
    found: list[str] = []
    real = CrispMLClient.__init__

    def answer(request: httpx.Request) -> httpx.Response:
        key = request.headers.get("Authorization", "")
        if key == "Bearer wrong":
            return httpx.Response(401, json={"detail": "no"})
        return httpx.Response(200, json=WHO)

    def init(self: CrispMLClient, *args: Any, **kwargs: Any) -> None:
        real(self, *args, **{**kwargs, "transport": httpx.MockTransport(answer)})

    monkeypatch.setattr(CrispMLClient, "__init__", init)
    monkeypatch.setattr(CrispMLClient, "close", lambda self: found.append("closed"))
    return found


def visitors(clock: Callable[[], float], **console: Any) -> Visitors:
    return Visitors(Settings(console=ConsoleSettings(**console)), clock)


def test_who_signed_in_is_found_by_their_secret_and_by_no_other(clock: Clock, closed: list[str]):
    everybody = visitors(clock)
    secret = everybody.admit("the-key")
    visitor = everybody.find(secret)
    assert visitor is not None
    assert visitor.caller.name == "key:ann"
    assert everybody.find("") is None
    assert everybody.find(secret + "x") is None


def test_what_may_be_done_is_told_by_the_services(clock: Clock, closed: list[str]):
    everybody = visitors(clock)
    visitor = everybody.find(everybody.admit("the-key"))
    assert visitor is not None
    assert visitor.may("train", "churn")
    assert not visitor.may("train", "credit")
    assert not visitor.may("train")
    assert visitor.may("read")
    assert visitor.may_somewhere("train")
    assert not visitor.may_somewhere("audit")


def test_a_credential_that_is_refused_lets_nobody_in(clock: Clock, closed: list[str]):
    everybody = visitors(clock)
    with pytest.raises(ClientError):
        everybody.admit("wrong")
    assert len(everybody) == 0
    assert closed == ["closed"]


def test_whoever_does_nothing_is_signed_out(clock: Clock, closed: list[str]):
    everybody = visitors(clock, idle_s=60)
    secret = everybody.admit("the-key")
    clock.now += 50
    assert everybody.find(secret) is not None
    clock.now += 50
    assert everybody.find(secret, is_there=False) is not None, "they came back 50 seconds ago"
    clock.now += 11
    assert everybody.find(secret, is_there=False) is None
    assert closed == ["closed"]


def test_nobody_stays_for_ever(clock: Clock, closed: list[str]):
    everybody = visitors(clock, idle_s=60, longest_s=100)
    secret = everybody.admit("the-key")
    for _ in range(3):
        clock.now += 30
        assert everybody.find(secret) is not None
    clock.now += 30
    assert everybody.find(secret) is None


def test_who_signs_out_is_forgotten(clock: Clock, closed: list[str]):
    everybody = visitors(clock)
    secret = everybody.admit("the-key")
    everybody.dismiss(secret)
    assert everybody.find(secret) is None
    assert closed == ["closed"]


def test_there_is_room_for_so_many(clock: Clock, closed: list[str]):
    everybody = visitors(clock, sessions=1, idle_s=60)
    everybody.admit("the-key")
    with pytest.raises(ClientError, match="too many"):
        everybody.admit("the-key")
    clock.now += 61
    everybody.admit("the-key")
    assert len(everybody) == 1
