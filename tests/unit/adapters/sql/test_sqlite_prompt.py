"""Who cannot wait commits at once, or is told that it would have to wait."""

from __future__ import annotations

import sqlite3
import time

import pytest

from crispml_core.domain.errors import StoreUnavailable, WouldWait


@pytest.fixture
def opened(ledger, make_group):
    """A ledger with a first group; its prompt connection is open."""
    ledger.append([make_group("a")])
    return ledger


def keys(ledger):
    return sorted(score.record_key for score in ledger.find())


def test_it_commits_at_once(opened, make_group):
    opened.append([make_group("b")], wait=False)
    opened.append([make_group("c")], wait=False)
    assert keys(opened) == ["a", "b", "c"]


def test_before_anybody_has_waited_nothing_is_open(ledger, make_group):
    with pytest.raises(WouldWait):
        ledger.append([make_group("a")], wait=False)
    assert keys(ledger) == []


def test_a_locked_database_costs_no_time(opened, make_group, file):
    group = make_group("b")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    start = time.perf_counter()
    with pytest.raises(WouldWait):
        opened.append([group], wait=False)
    assert time.perf_counter() - start < 0.05
    other.execute("ROLLBACK")
    other.close()
    opened.append([group], wait=False)
    assert keys(opened) == ["a", "b"]


def test_a_file_that_was_replaced_gets_nothing(opened, make_group, file):
    kept = file.read_bytes()
    file.rename(file.with_suffix(".old"))
    file.write_bytes(kept)
    with pytest.raises(WouldWait):
        opened.append([make_group("b")], wait=False)


def test_a_file_that_is_gone_gets_nothing(opened, make_group, file):
    file.unlink()
    with pytest.raises(WouldWait):
        opened.append([make_group("b")], wait=False)


def test_after_a_failure_within_nothing_of_it_is_there(opened, make_group, monkeypatch):
    broken = make_group("b", scores=make_group("b", "c").scores)
    monkeypatch.setattr(broken.scores, "record_keys", ["b", object()])
    with pytest.raises(StoreUnavailable):
        opened.append([broken], wait=False)
    assert keys(opened) == ["a"]
    with pytest.raises(WouldWait):  # the connection was given up; who waits opens another
        opened.append([make_group("d")], wait=False)
    opened.append([make_group("d")])
    opened.append([make_group("e")], wait=False)
    assert keys(opened) == ["a", "d", "e"]


def test_it_is_closed_with_the_pool(opened, make_group, engine):
    engine.dispose()
    with pytest.raises(WouldWait):
        opened.append([make_group("b")], wait=False)
