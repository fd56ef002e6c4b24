"""Journals that machines share: taken over under a lease, and no score lost or stored twice."""

import threading
import time

import pytest

from crispml_core.adapters.journal import SharedJournals
from crispml_core.domain.errors import InvalidInput, StoreUnavailable
from crispml_core.ports.journal import JournalTaken
from crispml_core.serving.durable_ledger import DATABASE, JOURNAL, DurableLedger
from crispml_core.testing.fakes.journal_leases import FakeJournalLeases
from tests.unit.serving.test_durable_ledger import Ledger, a_group, until

LEASE_S = 0.4


class Leases(FakeJournalLeases):
    """Leases of which one process may be cut off."""

    def __init__(self):
        super().__init__()
        self.cut_off = set()

    def of(self, owner):
        return LeasesOf(self, owner)


class LeasesOf:
    """The leases as one owner reaches them; it may be frozen or cut off."""

    def __init__(self, leases, owner):
        self._leases, self._owner = leases, owner

    def __getattr__(self, name):
        if self._owner in self._leases.cut_off:
            raise StoreUnavailable("the database does not answer")
        return getattr(self._leases, name)


@pytest.fixture
def leases():
    return Leases()


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
def journals(leases, tmp_path):
    """Make the journals of an owner; those that a test leaves open are closed at its end."""
    made = []

    def make(owner):
        made.append(SharedJournals(tmp_path / "journal", owner, leases.of(owner), lease_s=LEASE_S))
        return made[-1]

    yield make
    leases.cut_off.clear()
    for one in made:
        one.close()


@pytest.fixture
def folders(tmp_path):
    return lambda: sorted(
        str(path.relative_to(tmp_path / "journal"))
        for path in (tmp_path / "journal").rglob("*.journal")
    )


def adopted(journals, seconds=10.0):
    """Wait until a journal is taken over, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for journal in journals.orphans():
            return journal
        time.sleep(0.02)
    raise AssertionError("nothing was taken over")


def ids(journal):
    return [group.group_id for groups, _ in journal.transactions() for group in groups]


def test_each_process_has_a_folder_below_that_of_its_owner(journals, folders, leases):
    journals("pod-a").open("w")
    ((path,), (name,)) = folders(), leases.held()
    assert path == f"{name}/w.journal"
    assert name.startswith("pod-a/")


def test_an_owner_that_is_no_name_is_refused(tmp_path, leases):
    with pytest.raises(InvalidInput, match="CRISPML_JOURNAL__OWNER"):
        SharedJournals(tmp_path, "../x", leases, lease_s=1)


def test_the_journal_of_a_living_process_is_never_taken_over(journals):
    own, other = journals("pod-a"), journals("pod-b")
    own.open().append([a_group()])
    other.open()
    until_s = time.monotonic() + 4 * LEASE_S
    while time.monotonic() < until_s:
        assert list(other.orphans()) == []
        time.sleep(0.02)


def test_one_of_many_takes_over_the_journal_of_a_lost_process(journals, leases, folders):
    lost = journals("pod-a")
    journal = lost.open()
    group = a_group()
    journal.append([group])
    leases.cut_off.add("pod-a")
    heirs = [journals(f"pod-{name}") for name in "bcde"]
    for heir in heirs:
        heir.open()
    found = []

    def look(heir):
        deadline = time.monotonic() + 6 * LEASE_S
        while time.monotonic() < deadline:
            for orphan in heir.orphans():
                found.append(ids(orphan))
                orphan.remove()
            time.sleep(0.01)

    threads = [threading.Thread(target=look, args=(heir,)) for heir in heirs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [[group.group_id]]
    assert not [path for path in folders() if path.startswith("pod-a/")]
    assert not [name for name in leases.held() if name.startswith("pod-a/")]


def test_a_writer_that_comes_back_acknowledges_nothing_that_nobody_reads(journals, leases):
    """It is cut off from the database, not from the volume."""
    own, heir = journals("pod-a"), journals("pod-b")
    journal = own.open()
    heir.open()
    known, late = a_group(1), a_group(2)
    journal.append([known])
    leases.cut_off.add("pod-a")
    taken = adopted(heir)

    with pytest.raises(JournalTaken):
        journal.append([late])
    assert journal.is_taken
    assert known.group_id in ids(taken)
    taken.close()


def test_a_writer_that_hears_that_its_lease_is_lost_writes_no_more(journals, leases):
    own = journals("pod-a")
    journal = own.open()
    (name,) = leases.held()
    assert leases.take(name, leases.held()[name], "pod-b/x")
    until(lambda: journal.is_taken)
    with pytest.raises(JournalTaken):
        journal.append([a_group()])


def test_what_comes_while_the_taker_has_not_read_yet_is_read(journals, leases):
    """The volume may tell a writer late that its folder was moved."""
    own, heir = journals("pod-a"), journals("pod-b")
    journal = own.open()
    heir.open()
    journal.append([a_group(1)])
    leases.cut_off.add("pod-a")
    deadline = time.monotonic() + 10
    while not journal.is_taken:  # moved, and not read yet
        assert list(heir.orphans()) == []
        assert time.monotonic() < deadline
        time.sleep(0.01)
    late = a_group(2)
    with pytest.raises(JournalTaken):
        journal.append([late])  # as if it had not been told: the bytes are there
    taken = adopted(heir)
    assert late.group_id in ids(taken)
    taken.close()


def test_while_the_database_is_away_nobody_takes_anything(journals, leases):
    own, other = journals("pod-a"), journals("pod-b")
    journal = own.open()
    other.open()
    journal.append([a_group()])
    leases.cut_off.update(("pod-a", "pod-b"))
    end = time.monotonic() + 3 * LEASE_S
    while time.monotonic() < end:
        assert list(other.orphans()) == []
        time.sleep(0.02)
    leases.cut_off.clear()
    end = time.monotonic() + 2 * LEASE_S
    while time.monotonic() < end:
        assert list(other.orphans()) == []
        time.sleep(0.02)
    assert not journal.is_taken


def test_an_heir_that_is_lost_has_an_heir(journals, leases):
    own, heir = journals("pod-a"), journals("pod-b")
    group = a_group()
    own.open().append([group])
    heir.open()
    leases.cut_off.add("pod-a")
    adopted(heir).close()
    leases.cut_off.add("pod-b")
    last = journals("pod-c")
    last.open()
    found, deadline = [], time.monotonic() + 10
    while not found:  # the heir had a journal of its own, without anything in it
        assert time.monotonic() < deadline
        orphan = adopted(last)
        found = ids(orphan)
        orphan.remove()
    assert found == [group.group_id]


def test_an_end_in_order_leaves_no_folder_and_no_lease(journals, leases, ledger, tmp_path):
    durable = DurableLedger(ledger, journals("pod-a"), retry_s=0.02)
    assert durable.commit([a_group()], []) == DATABASE
    durable.close()
    assert list((tmp_path / "journal").iterdir()) == []
    assert leases.held() == {}


def test_a_process_that_lost_its_journal_goes_on_with_a_new_one(journals, leases, ledger):
    """Everything that was acknowledged is stored once, whoever brought it home."""
    ledger.away = True
    own = DurableLedger(ledger, journals("pod-a"), retry_s=0.02)
    acknowledged = []

    def score():
        acknowledged.append(a_group(len(acknowledged) + 1))
        assert own.commit([acknowledged[-1]], []) == JOURNAL

    for _ in range(10):
        score()
    leases.cut_off.add("pod-a")
    heir = DurableLedger(ledger, journals("pod-b"), retry_s=0.02)
    deadline = time.monotonic() + 15
    while own.waiting >= len(acknowledged):  # all of them are its own yet
        assert time.monotonic() < deadline
        score()
        time.sleep(0.02)
    ledger.away = False
    leases.cut_off.clear()
    until(lambda: own.waiting == 0)
    until(lambda: len(ledger.order) >= len(acknowledged), 15)
    assert sorted(ledger.order) == [group.sequence for group in acknowledged]
    heir.close()
    own.close()
