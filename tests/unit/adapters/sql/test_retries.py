"""What is tried again, for how long, and what never is."""

import time

import pytest

from crispml_core.adapters.sql.databases import retries
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.databases.errors import (
    CommitUnknown,
    ConnectionLost,
    GaveWay,
    LockedOut,
)
from crispml_core.adapters.sql.databases.options import EngineOptions
from crispml_core.adapters.sql.databases.retries import retried, retried_by_key
from crispml_core.domain.errors import StoreUnavailable


class Store:
    """Fails as told, and then returns how often it was called."""

    def __init__(self, url, *failures, retry_s=5.0):
        self._engine = make_engine(url, options=EngineOptions(retry_s=retry_s))
        self._failures = list(failures)
        self.calls = 0

    def _do(self):
        self.calls += 1
        if self._failures:
            raise self._failures.pop(0)
        return self.calls

    @retried
    def read_or_write(self):
        return self._do()

    @retried_by_key
    def write_by_key(self):
        return self._do()


@pytest.mark.parametrize("kind", [ConnectionLost, GaveWay, LockedOut])
def test_what_surely_left_nothing_is_tried_again_and_counted(url, kind):
    before = retries.counts()[kind.reason]
    store = Store(url, kind("one"), kind("two"))
    assert store.read_or_write() == 3
    assert retries.counts()[kind.reason] == before + 2


def test_what_may_be_done_already_is_tried_again_by_its_key_alone(url):
    blind = Store(url, CommitUnknown("lost"))
    with pytest.raises(CommitUnknown):
        blind.read_or_write()
    assert blind.calls == 1
    assert Store(url, CommitUnknown("lost"), ConnectionLost("lost")).write_by_key() == 3


def test_another_state_of_the_database_is_not_tried_again(url):
    store = Store(url, StoreUnavailable("is full"))
    with pytest.raises(StoreUnavailable, match="is full"):
        store.write_by_key()
    assert store.calls == 1


def test_tries_end_with_their_time_and_with_the_last_error(url):
    store = Store(url, *(ConnectionLost(f"no {number}") for number in range(1000)), retry_s=0.3)
    began = time.monotonic()
    with pytest.raises(ConnectionLost) as last:
        store.read_or_write()
    assert time.monotonic() - began < 2
    assert last.value.message == f"no {store.calls - 1}"
    assert store.calls > 2


def test_nothing_is_tried_again_when_no_time_is_given(url):
    store = Store(url, GaveWay("once"), retry_s=0)
    with pytest.raises(GaveWay):
        store.read_or_write()


def test_tries_within_tries_take_no_longer_than_those_around_them(url):
    store = Store(url, *(ConnectionLost("no") for _ in range(1000)), retry_s=0.3)
    outer = retried(lambda inner: inner.read_or_write())
    began = time.monotonic()
    with pytest.raises(ConnectionLost):
        outer(store)
    assert time.monotonic() - began < 2
