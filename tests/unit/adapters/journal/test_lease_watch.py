"""When a lease has expired, by the clock of who watches it."""

import pytest

from crispml_core.adapters.journal.lease_watch import LeaseWatch
from crispml_core.ports.journal_leases import JournalLease

LEASE_S = 8.0


@pytest.fixture
def watch():
    return LeaseWatch(LEASE_S)


def look(watch, moment, **leases):
    watch.look(moment, moment + 0.1, leases)


def test_a_lease_whose_number_stands_still_expires_after_its_time(watch):
    lease = JournalLease("a/1", 7)
    for moment in range(0, 9, 2):
        look(watch, moment, one=lease)
        assert watch.expired() == {}
    look(watch, 10, one=lease)
    assert watch.expired() == {"one": lease}


def test_one_that_is_renewed_never_does(watch):
    for moment in range(0, 100, 2):
        look(watch, moment, one=JournalLease("a/1", moment // 6))
        assert watch.expired() == {}


def test_a_journal_without_a_lease_is_left_alone_as_long(watch):
    for moment in range(0, 9, 2):
        look(watch, moment, one=None)
        assert watch.expired() == {}
    look(watch, 10, one=None)
    assert watch.expired() == {"one": None}


def test_a_new_holder_has_the_whole_time(watch):
    for moment in range(0, 9, 2):
        look(watch, moment, one=JournalLease("a/1", 7))
    look(watch, 10, one=JournalLease("b/2", 8))
    assert watch.expired() == {}


def test_whoever_did_not_look_for_a_while_knows_nothing(watch):
    """It was frozen, and the holder may have been too."""
    lease = JournalLease("a/1", 7)
    look(watch, 0, one=lease)
    look(watch, 100, one=lease)
    assert watch.expired() == {}


def test_while_the_database_is_away_nothing_expires(watch):
    lease = JournalLease("a/1", 7)
    for moment in range(0, 9, 2):
        look(watch, moment, one=lease)
    watch.forget()
    assert watch.expired() == {}
    look(watch, 10, one=lease)
    assert watch.expired() == {}


def test_what_is_gone_is_forgotten(watch):
    lease = JournalLease("a/1", 7)
    for moment in range(0, 9, 2):
        look(watch, moment, one=lease)
    look(watch, 9)
    look(watch, 10, one=lease)
    assert watch.expired() == {}
