"""The keys of a process follow the store, and outlast it."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest

from crispml_core.domain.access import ApiKey, Grant, Role
from crispml_core.domain.api_keys import digest_of, new_key
from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.identifiers import utc_now
from crispml_core.rest.access.key_ring import KeyRing
from crispml_core.testing.fakes.key_store import FakeKeyStore


class Store(FakeKeyStore):
    """Counts how often it was asked, and can be away."""

    def __init__(self):
        super().__init__()
        self.is_away, self.states, self.lists = False, 0, 0

    def state(self):
        self.states += 1
        if self.is_away:
            raise StoreUnavailable("the database is away")
        return super().state()

    def list(self):
        self.lists += 1
        return super().list()


def a_key(name="shop", **changes):
    key_id, text = new_key()
    facts = {
        "key_id": key_id,
        "digest": digest_of(text),
        "name": name,
        "grants": (Grant(Role.SCORER),),
        "created_at": utc_now(),
        "created_by": "x",
    }
    return ApiKey(**facts | changes), text


@pytest.fixture
def store():
    return Store()


def test_a_key_of_the_store_opens_without_asking_again(store):
    key, text = a_key()
    store.add(key)
    ring = KeyRing()
    ring.follow(store)
    asked = store.states
    for _ in range(3):
        assert ring.open(text)[0].name == "key:shop"
    assert store.states == asked


def test_a_new_key_is_found_at_once(store):
    ring = KeyRing()
    ring.follow(store)
    key, text = a_key()
    store.add(key)
    assert ring.open(text)[0] == key.principal


def test_a_flood_of_unknown_keys_is_no_flood_of_queries(store):
    ring = KeyRing()
    ring.follow(store)
    asked = store.states
    for _ in range(50):
        assert ring.open(new_key()[1]) is None
    assert 1 <= store.states - asked <= 20  # the second may end meanwhile


def test_a_revoked_key_opens_nothing_after_the_next_look_and_watchers_are_told(store):
    key, text = a_key()
    store.add(key)
    ring, told = KeyRing(), []
    ring.watch(lambda: told.append(True))
    ring.follow(store)
    told.clear()
    ring.look()
    assert told == []

    store.revoke(key.key_id, at=utc_now(), by="x")
    ring.look()
    assert told == [True]
    assert ring.open(text) is None


def test_rows_are_read_only_after_a_change(store):
    ring = KeyRing()
    ring.follow(store)
    lists = store.lists
    for _ in range(5):
        ring.look()
    assert store.lists == lists


def test_known_keys_go_on_while_the_store_is_away(store):
    key, text = a_key()
    store.add(key)
    ring = KeyRing()
    ring.follow(store)
    store.is_away = True
    ring.look()
    assert ring.open(text)[0] == key.principal
    assert ring.open(new_key()[1]) is None

    store.is_away = False
    store.revoke(key.key_id, at=utc_now(), by="x")
    ring.look()
    assert ring.open(text) is None


def test_a_key_that_expires_opens_until_then_and_says_when(store):
    now = [utc_now()]
    until = now[0] + timedelta(minutes=1)
    key, text = a_key(expires_at=until)
    store.add(key)
    ring = KeyRing(clock=lambda: now[0])
    ring.follow(store)
    assert ring.open(text) == (key.principal, until.timestamp())
    now[0] = until
    assert ring.open(text) is None


def test_a_key_of_the_settings_opens_before_any_store_and_beside_it(store):
    key, text = a_key("settings")
    ring = KeyRing([key])
    assert ring.open(text)[0] == key.principal
    ring.follow(store)
    assert ring.open(text)[0] == key.principal


def test_the_ring_shows_no_key(store):
    _, text = a_key()
    ring = KeyRing()
    ring.follow(store)
    assert text not in repr(ring) + str(vars(ring))


def test_nobody_waits_long_behind_a_store_that_is_frozen(store):
    ring = KeyRing()
    ring.follow(store)
    frozen, thaw = threading.Event(), threading.Event()

    def state():
        frozen.set()
        thaw.wait(30)
        return (0, 0)

    store.state = state
    looking = threading.Thread(target=ring.look)
    looking.start()
    assert frozen.wait(10)
    start = time.monotonic()
    assert ring.open(new_key()[1]) is None
    waited = time.monotonic() - start
    thaw.set()
    looking.join()
    assert waited < 5
