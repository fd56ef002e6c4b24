"""What every store of API keys does."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from crispml_core.domain.access import ApiKey, Grant, Role
from crispml_core.domain.api_keys import digest_of, new_key
from crispml_core.domain.errors import Conflict, NotFound


@pytest.fixture
def keys(stores):
    return stores.keys


def a_key(stores, name="shop", **changes):
    key_id, key = new_key()
    facts = {
        "key_id": key_id,
        "digest": digest_of(key),
        "name": name,
        "grants": (Grant(Role.SCORER, "credit", "prod"), Grant(Role.VIEWER)),
        "created_at": stores.clock.advance(1),
        "created_by": "user:änne",
    }
    return ApiKey(**facts | changes)


def test_a_key_comes_back_as_it_was_made(stores, keys):
    key = a_key(stores, expires_at=stores.clock() + timedelta(days=30))
    keys.add(key)
    assert list(keys.list()) == [key]


def test_keys_are_listed_the_oldest_first(stores, keys):
    made = [a_key(stores, name) for name in ("c", "a", "b")]
    for key in reversed(made):
        keys.add(key)
    assert list(keys.list()) == made


def test_a_revoked_key_stays_and_says_who_revoked_it(stores, keys):
    key = a_key(stores)
    keys.add(key)
    at = stores.clock.advance(5)
    revoked = keys.revoke(key.key_id, at=at, by="key:root")
    assert revoked == replace(key, revoked_at=at, revoked_by="key:root")
    assert list(keys.list()) == [revoked]
    assert not revoked.is_valid(stores.clock())


def test_a_second_revocation_changes_nothing(stores, keys):
    key = a_key(stores)
    keys.add(key)
    first = keys.revoke(key.key_id, at=stores.clock.advance(5), by="key:root")
    assert keys.revoke(key.key_id, at=stores.clock.advance(5), by="key:other") == first


def test_nobody_revokes_a_key_that_is_not_there(stores, keys):
    with pytest.raises(NotFound, match="no such API key"):
        keys.revoke("nothing", at=stores.clock(), by="key:root")


def test_a_name_is_held_by_one_key_at_a_time(stores, keys):
    first = a_key(stores)
    keys.add(first)
    with pytest.raises(Conflict, match="revoke it first"):
        keys.add(a_key(stores))
    assert list(keys.list()) == [first]

    keys.revoke(first.key_id, at=stores.clock(), by="key:root")
    second = a_key(stores)
    keys.add(second)
    assert [key.key_id for key in keys.list()] == [first.key_id, second.key_id]


def test_the_state_differs_after_every_change_and_only_then(stores, keys):
    states = [keys.state()]
    key, other = a_key(stores), a_key(stores, "other")
    for change in (
        lambda: keys.add(key),
        lambda: keys.add(other),
        lambda: keys.revoke(key.key_id, at=stores.clock(), by="key:root"),
    ):
        change()
        states.append(keys.state())
    assert len(set(states)) == len(states)

    keys.revoke(key.key_id, at=stores.clock(), by="key:root")
    with pytest.raises(Conflict):
        keys.add(a_key(stores, "other"))
    assert keys.state() == states[-1]


def test_of_two_keys_of_one_name_made_at_once_one_is_kept(stores, keys):
    outcomes = []

    def add():
        try:
            keys.add(a_key(stores))
            outcomes.append("kept")
        except Conflict:
            outcomes.append("refused")

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["kept", "refused", "refused", "refused"]
    assert len(keys.list()) == 1
