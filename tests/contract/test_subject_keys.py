"""What every store of the keys of data subjects does."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from crispml_core.domain.subjects import SubjectKey


@pytest.fixture
def keys(stores):
    return stores.subject_keys


def key(stores, key_id, secret="wrapped"):
    return SubjectKey(subject_key_id=key_id, wrapped_key=secret, created_at=stores.clock())


def test_a_key_comes_back_as_it_was_kept(stores, keys):
    one, two = key(stores, "a" * 64), key(stores, "b" * 64)

    assert keys.add([one, two]) == {one.subject_key_id: one, two.subject_key_id: two}

    assert keys.find(["b" * 64, "c" * 64]) == {two.subject_key_id: two}
    assert keys.find([]) == {}
    assert keys.add([]) == {}


def test_a_subject_keeps_its_first_key(stores, keys):
    first, other = key(stores, "a" * 64), key(stores, "b" * 64)
    keys.add([first])

    held = keys.add([key(stores, "a" * 64, "another"), other])

    assert held == {first.subject_key_id: first, other.subject_key_id: other}
    assert keys.find(["a" * 64]) == {first.subject_key_id: first}


def test_a_destroyed_key_is_gone_and_never_comes_back(stores, keys):
    made = key(stores, "a" * 64)
    keys.add([made])
    at = stores.clock.advance(5)

    left = keys.destroy("a" * 64, at=at)

    assert (left.wrapped_key, left.created_at, left.destroyed_at) == (None, made.created_at, at)
    assert left.is_destroyed
    assert not made.is_destroyed
    assert keys.add([key(stores, "a" * 64, "another")]) == {"a" * 64: left}
    assert keys.find(["a" * 64]) == {"a" * 64: left}
    # A second destruction does not make it look later than it was.
    assert keys.destroy("a" * 64, at=stores.clock.advance(5)) == left


def test_a_subject_without_a_key_can_be_erased_before_one_is_made(stores, keys):
    at = stores.clock()

    left = keys.destroy("a" * 64, at=at)

    assert (left.wrapped_key, left.destroyed_at) == (None, at)
    assert keys.add([key(stores, "a" * 64)]) == {"a" * 64: left}


def test_those_that_were_destroyed_since_a_moment_are_told(stores, keys):
    keys.add([key(stores, name * 64) for name in "abc"])
    start = stores.clock()
    keys.destroy("b" * 64, at=stores.clock.advance(1))
    second = stores.clock.advance(1)
    keys.destroy("a" * 64, at=second)

    assert keys.destroyed(start) == ["b" * 64, "a" * 64]
    assert keys.destroyed(second) == ["a" * 64]
    assert keys.destroyed(second + timedelta(seconds=1)) == []


def test_very_many_keys_are_found_at_once(stores, keys):
    made = [key(stores, f"{number:064x}") for number in range(2_500)]

    assert len(keys.add(made)) == len(made)
    assert len(keys.find([each.subject_key_id for each in made])) == len(made)


@pytest.mark.needs("tables")
def test_processes_that_make_a_key_for_one_subject_at_once_get_the_same(stores, keys):
    held, start = [], threading.Barrier(4)

    def make(name):
        start.wait()
        held.append(keys.add([key(stores, letter * 64, name) for letter in "abc"]))

    threads = [threading.Thread(target=make, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert held == [held[0]] * 4
    assert keys.find(["a" * 64, "b" * 64, "c" * 64]) == held[0]
