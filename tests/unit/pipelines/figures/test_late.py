"""Whoever asks is answered soon, whatever the store does."""

from __future__ import annotations

import threading

import pytest

from crispml_core.domain.errors import StoreUnavailable
from crispml_core.pipelines.figures.late import LateReading


class Store:
    """Counts how often it is read, and hangs while it is told to."""

    def __init__(self) -> None:
        self.reads, self.free = 0, threading.Event()
        self.free.set()

    def read(self) -> int:
        self.reads += 1
        self.free.wait(10)
        return self.reads


@pytest.fixture
def store():
    made = Store()
    yield made
    made.free.set()


def test_who_asks_again_soon_gets_the_same_numbers(store):
    late = LateReading(store.read, fresh_s=60)
    assert [late.get(), late.get()] == [1, 1]
    assert store.reads == 1


def test_old_numbers_are_read_anew(store):
    late = LateReading(store.read, fresh_s=0)
    assert [late.get(), late.get()] == [1, 2]


def test_a_store_that_hangs_keeps_nobody_and_is_asked_once(store):
    store.free.clear()
    late = LateReading(store.read, fresh_s=0, wait_s=0.01)
    assert [late.get(), late.get(), late.get()] == [None, None, None]
    assert store.reads == 1


def test_what_came_too_late_is_there_for_the_next(store):
    store.free.clear()
    late = LateReading(store.read, fresh_s=60, wait_s=0.01)
    assert late.get() is None
    store.free.set()
    assert LateReading.get(patient(late)) == 1


def patient(late):
    """Let it wait as long as it takes."""
    late._wait_s = 10
    return late


@pytest.mark.parametrize("error", [StoreUnavailable("away"), ZeroDivisionError()])
def test_a_store_that_is_away_gives_none_and_is_not_asked_at_once_again(error):
    asked = []

    def read():
        asked.append(1)
        raise error

    late = LateReading(read, fresh_s=60)
    assert [late.get(), late.get()] == [None, None]
    assert len(asked) == 1


def test_a_store_that_is_back_is_read():
    answers = [StoreUnavailable("away"), 7]

    def read():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    late = LateReading(read, fresh_s=0)
    assert [late.get(), late.get()] == [None, 7]
