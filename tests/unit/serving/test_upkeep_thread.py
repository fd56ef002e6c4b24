"""Upkeep in a thread of its own goes on by itself, leaves time to others, and outlives failures."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from structlog.testing import capture_logs

from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.upkeep import Upkept
from crispml_core.serving import upkeep_thread
from crispml_core.serving.upkeep_thread import SHARE, UpkeepThread


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep_thread, "LOOK_S", 0.01)
    monkeypatch.setattr(upkeep_thread, "_AGAIN_S", 0.02)


class Rows:
    """Some that wait, and when steps were done with them."""

    def __init__(self, waiting: int = 0, *, takes_s: float = 0.0) -> None:
        self.waiting, self.takes_s = waiting, takes_s
        self.steps: list[tuple[float, float]] = []
        self.failures: list[Exception] = []

    def __call__(self, rows: int) -> Upkept:
        began = time.monotonic()
        time.sleep(self.takes_s)
        self.steps.append((began, time.monotonic()))
        if self.failures:
            raise self.failures.pop()
        done = min(rows, self.waiting)
        self.waiting -= done
        return Upkept(done, has_more=self.waiting > 0)


@pytest.fixture
def start() -> Iterator[Callable[..., UpkeepThread]]:
    started: list[UpkeepThread] = []

    def make(index: Rows, count: Rows | None = None) -> UpkeepThread:
        started.append(UpkeepThread(index, count or Rows()))
        return started[-1]

    yield make
    for each in started:
        each.close()


def until(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.005)


def test_what_others_committed_is_indexed_and_counted_without_a_word(start) -> None:
    keys, scores = Rows(2_000), Rows(2_000)
    start(keys, scores)
    until(lambda: not keys.waiting and not scores.waiting)
    keys.waiting = 3
    until(lambda: not keys.waiting)


def test_most_of_the_time_is_left_to_others(start) -> None:
    keys = Rows(1_000_000, takes_s=0.01)
    start(keys)
    until(lambda: len(keys.steps) == 5)
    # A machine that is slow makes pauses longer, and so does the time of each step.
    for (began, ended), (following, _) in zip(keys.steps, keys.steps[1:], strict=False):
        assert following - ended > 0.9 * (ended - began) / SHARE


@pytest.mark.parametrize("failure", [StoreUnavailable("away"), ValueError("nobody foresaw it")])
def test_a_failure_is_told_once_and_is_not_the_end(start, failure: Exception) -> None:
    keys = Rows(3)
    keys.failures = [failure] * 3
    with capture_logs() as logs:
        start(keys)
        until(lambda: not keys.waiting)
    assert len(keys.steps) > 3
    assert [log["event"] for log in logs] == ["upkeep_failed"]


def test_a_step_that_fails_late_leaves_time_to_others_too(start) -> None:
    keys = Rows(3, takes_s=0.05)
    keys.failures = [StoreUnavailable("it took too long")]
    start(keys)
    until(lambda: len(keys.steps) == 2)
    (began, ended), (following, _) = keys.steps
    assert following - ended > 0.9 * (ended - began) / SHARE


def test_a_failure_that_comes_back_is_told_again(start) -> None:
    keys = Rows(3)
    keys.failures = [StoreUnavailable("away")]
    with capture_logs() as logs:
        start(keys)
        until(lambda: not keys.waiting)
        keys.failures, keys.waiting = [StoreUnavailable("away")], 3
        until(lambda: not keys.waiting)
    assert len(logs) == 2


def test_nothing_is_begun_after_the_end(start) -> None:
    keys = Rows(1_000_000)
    thread = start(keys)
    until(lambda: bool(keys.steps))
    thread.close()
    steps = len(keys.steps)
    time.sleep(0.2)
    assert len(keys.steps) == steps


@pytest.mark.parametrize("hangs", [False, True])
def test_the_end_waits_for_a_step_but_not_for_one_that_hangs(monkeypatch, hangs: bool) -> None:
    monkeypatch.setattr(upkeep_thread, "LAST_S", 0.2 if hangs else 10.0)
    began, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def index(rows: int) -> Upkept:
        began.set()
        may_end.wait(10)
        ended.set()
        return Upkept(0, has_more=False)

    thread = UpkeepThread(index, lambda rows: Upkept(0, has_more=False))
    assert began.wait(10)
    closing = threading.Thread(target=thread.close)
    closing.start()
    if not hangs:
        closing.join(0.2)
        assert closing.is_alive()
        may_end.set()
    closing.join(5)
    assert not closing.is_alive()
    assert ended.is_set() is not hangs
    may_end.set()
