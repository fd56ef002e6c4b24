"""What all leases of journals do."""

from __future__ import annotations

import threading

import pytest

from crispml_core.ports.journal_leases import JournalLease

OWN, HEIR, OTHER = "pod-a/1", "pod-b/2", "pod-c/3"


@pytest.fixture
def leases(stores):
    return stores.journal_leases


def test_a_lease_grows_as_long_as_it_is_renewed(leases):
    assert leases.held() == {}
    assert leases.take(OWN, None, OWN)
    assert leases.held() == {OWN: JournalLease(OWN, 1)}

    assert leases.renew(OWN, OWN)
    assert leases.held() == {OWN: JournalLease(OWN, 2)}


def test_what_there_is_cannot_be_begun_again(leases):
    leases.take(OWN, None, OWN)
    assert not leases.take(OWN, None, HEIR)
    assert leases.held()[OWN].holder == OWN


def test_a_lease_that_was_renewed_since_it_was_seen_is_not_taken(leases):
    leases.take(OWN, None, OWN)
    seen = leases.held()[OWN]
    leases.renew(OWN, OWN)

    assert not leases.take(OWN, seen, HEIR)
    assert leases.held()[OWN] == JournalLease(OWN, 2)


def test_whoever_lost_a_lease_is_told_and_cannot_end_it(leases):
    leases.take(OWN, None, OWN)
    assert leases.take(OWN, leases.held()[OWN], HEIR)

    assert not leases.renew(OWN, OWN)
    leases.end(OWN, OWN)
    assert leases.held() == {OWN: JournalLease(HEIR, 2)}

    leases.end(OWN, HEIR)
    assert leases.held() == {}
    assert not leases.renew(OWN, HEIR)


def test_an_heir_that_is_gone_has_an_heir(leases):
    leases.take(OWN, None, OWN)
    leases.take(OWN, leases.held()[OWN], HEIR)

    assert leases.take(OWN, leases.held()[OWN], OTHER)
    assert leases.held() == {OWN: JournalLease(OTHER, 3)}


def race(leases, seen):
    """Let many take a lease at once, and return who got it."""
    heirs = [f"pod-{number}/x" for number in range(6)]
    together, took = threading.Barrier(len(heirs)), []

    def take(heir):
        together.wait()
        if leases.take(OWN, seen, heir):
            took.append(heir)

    threads = [threading.Thread(target=take, args=(heir,)) for heir in heirs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def test_of_many_that_saw_the_same_lease_one_gets_it(leases):
    leases.take(OWN, None, OWN)
    took = race(leases, leases.held()[OWN])
    assert [leases.held()[OWN].holder] == took


def test_of_many_that_saw_none_one_gets_it(leases):
    took = race(leases, None)
    assert [leases.held()[OWN].holder] == took
