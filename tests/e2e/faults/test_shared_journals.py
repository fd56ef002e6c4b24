"""Scoring processes with their journals on one shared volume: one is killed, one is frozen."""

from __future__ import annotations

import signal
import time

import pytest

from benchmarks.faults.load import Load
from benchmarks.faults.service import until
from benchmarks.faults.stores import locked

pytestmark = pytest.mark.slow

LEASE_S = 2


@pytest.fixture
def pod(serve):
    """Start a service as the processes of an owner."""

    def start(owner, **settings):
        return serve(journal__owner=owner, journal__lease_s=LEASE_S, **settings)

    return start


def journals_of(world, owner):
    """Return the journals that an owner has, those that it took over included."""
    return sorted((world.journal / owner).rglob("*.journal"))


def journalled(load):
    return [one for one in load.heard.told if one.durability == "journal"]


def test_another_pod_takes_over_the_journal_of_a_killed_one(pod, world, truth):
    first = pod("pod-a")
    second = pod("pod-b")
    with Load(first, "first", connections=4) as load, locked(world):
        until(lambda: len(journalled(load)) > 60)
        first.kill()
        killed = time.monotonic()
        told = load.stop().told
    until(lambda: not journals_of(world, "pod-a"), 30)
    assert time.monotonic() - killed > LEASE_S * 0.7, "the lease was not waited for"
    until(lambda: len(journals_of(world, "pod-b")) == 1, 30, what="what was moved is replayed")

    truth.look()
    truth.check(told)
    assert second.metric("crispml_journal_transactions") == 0
    assert not (world.journal / "pod-a").exists()


def test_a_frozen_pod_comes_back_and_nothing_is_lost_or_doubled(pod, world, truth):
    first = pod("pod-a")
    with Load(first, "first", connections=4) as load:
        with locked(world):
            until(lambda: len(journalled(load)) > 60)
            (process, *_) = first.tree()
            process.send_signal(signal.SIGSTOP)
        (before,) = journals_of(world, "pod-a")
        second = pod("pod-b")
        until(lambda: not before.exists(), 30, what="the folder is moved")
        until(lambda: len(journals_of(world, "pod-b")) == 1, 30, what="it is replayed")
        process.send_signal(signal.SIGCONT)
        answered = len(load.heard.told)
        until(lambda: len(load.heard.told) > answered + 100, 30, what="it answers again")
        until(lambda: len(journals_of(world, "pod-a")) == 1, 30, what="it has a new journal")
        with locked(world):
            known = len(journalled(load))
            until(lambda: len(journalled(load)) > known + 30, 30, what="which takes scores")
        heard = load.stop()
    until(lambda: first.metric("crispml_journal_transactions") == 0)

    assert heard.refused == []
    truth.look()
    truth.check(heard.told)
    assert truth.extra(heard.told) <= heard.open_keys
    assert second.metric("crispml_journal_damaged_bytes") == 0
    assert first.stop() == 0
    assert journals_of(world, "pod-a") == []
