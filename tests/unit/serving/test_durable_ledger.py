"""What the database does not take goes to the journal, and from there to the database, once."""

import threading
import time
from dataclasses import replace

import pytest

from crispml_core.adapters.journal import FileJournals
from crispml_core.domain.errors import Conflict, StoreUnavailable, WouldWait
from crispml_core.domain.events import EventKind, ServingEvent
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.scores import Encoding, ScoreGroup, ScoreRows, new_group_id
from crispml_core.serving.durable_ledger import DATABASE, JOURNAL, DurableLedger
from crispml_core.testing.fakes.score_ledger import FakeScoreLedger


class Ledger(FakeScoreLedger):
    """A ledger that can be away, or lose the answer to a commit."""

    def __init__(self):
        super().__init__()
        self.away = self.loses = False
        self.order = []

    def append(self, groups, events=(), *, wait=True):
        if self.away:
            raise StoreUnavailable("the database is locked")
        super().append(groups, events)
        self.order += [group.sequence for group in groups]
        if self.loses:
            raise StoreUnavailable("the connection was lost after the commit")

    def stored(self, group_ids):
        if self.away:
            raise StoreUnavailable("the database is locked")
        return super().stored(group_ids)


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
def durable(ledger, tmp_path):
    made = DurableLedger(ledger, FileJournals(tmp_path), retry_s=0.02)
    yield made
    ledger.away = False
    made.close()


def a_group(sequence=1, **changes):
    group = ScoreGroup(
        group_id=new_group_id(),
        writer_id="w",
        sequence=sequence,
        use_case="toy",
        model="toy",
        version="v",
        alias=None,
        created_at=utc_now(),
        classes=("no", "yes"),
        scores=ScoreRows(
            record_keys=[f"k-{sequence}"],
            predictions=["yes"],
            probabilities=[0.75],
            segments=["{}"],
            request_ids=["r"],
        ),
        inputs=b"",
        encoding=Encoding.ROWS,
        row_digests=bytes(32),
    )
    return replace(group, **changes)


def until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_while_the_database_answers_nothing_is_journalled(durable, ledger):
    assert durable.commit([a_group()], []) == DATABASE
    assert (durable.waiting, durable.reason) == (0, None)
    assert len(ledger.find()) == 1


def test_while_it_is_away_the_journal_keeps_the_order_and_says_why(durable, ledger):
    ledger.away = True
    for sequence in range(1, 6):
        assert durable.commit([a_group(sequence)], []) == JOURNAL
    assert durable.waiting == 5
    assert "locked" in durable.reason
    ledger.away = False
    until(lambda: durable.waiting == 0)
    assert ledger.order == [1, 2, 3, 4, 5]
    assert durable.reason is None
    assert durable.commit([a_group(6)], []) == DATABASE


def test_nothing_overtakes_what_waits_in_the_journal(durable, ledger):
    ledger.away = True
    durable.commit([a_group(1)], [])
    ledger.away = False
    places = [durable.commit([a_group(n)], []) for n in range(2, 200)]
    until(lambda: durable.waiting == 0)
    assert ledger.order == list(range(1, 200))
    assert places == sorted(places, reverse=True)  # the journal first, then the database


def test_a_commit_whose_answer_was_lost_is_stored_once(durable, ledger):
    ledger.loses = True
    assert durable.commit([a_group()], [ServingEvent(kind=EventKind.REFUSED, code="x")]) == JOURNAL
    ledger.loses = False
    until(lambda: durable.waiting == 0)
    assert len(ledger.find()) == 1
    assert len(ledger.events) == 1


def test_a_key_needs_the_database(durable, ledger):
    ledger.away = True
    with pytest.raises(StoreUnavailable, match="Idempotency-Key"):
        durable.commit([a_group(idempotency_key="k", fingerprint="f")], [])
    assert durable.waiting == 0


def test_a_conflict_is_no_outage(durable, ledger):
    group = a_group()
    durable.commit([group], [])
    with pytest.raises(Conflict):
        durable.commit([group], [])
    assert durable.waiting == 0


def test_another_process_brings_home_what_a_dead_one_left(ledger, tmp_path):
    ledger.away = True
    dead = DurableLedger(ledger, FileJournals(tmp_path), retry_s=0.02)
    for sequence in range(1, 4):
        dead.commit([a_group(sequence)], [])
    dead.close()  # what waits stays in its journal
    ledger.away = False
    heir = DurableLedger(ledger, FileJournals(tmp_path), retry_s=0.02)
    until(lambda: ledger.order == [1, 2, 3])
    heir.close()
    until(lambda: not list(tmp_path.iterdir()))


def test_two_heirs_store_what_was_left_once(ledger, tmp_path):
    ledger.away = True
    for sequence in range(1, 6):
        dead = DurableLedger(ledger, FileJournals(tmp_path), retry_s=0.02)
        dead.commit([a_group(sequence)], [])
        dead.close()
    ledger.away = False
    heirs = [DurableLedger(ledger, FileJournals(tmp_path), retry_s=0.02) for _ in range(3)]
    until(lambda: len(ledger.order) == 5)
    for heir in heirs:
        heir.close()
    assert sorted(ledger.order) == [1, 2, 3, 4, 5]


def test_commits_during_the_replay_are_neither_lost_nor_doubled(durable, ledger):
    def flicker():
        for _ in range(20):
            ledger.away = True
            time.sleep(0.01)
            ledger.away = False
            time.sleep(0.01)

    thread = threading.Thread(target=flicker)
    thread.start()
    sequence = 0
    while thread.is_alive():
        sequence += 1
        durable.commit([a_group(sequence)], [])
    until(lambda: durable.waiting == 0)
    assert ledger.order == list(range(1, sequence + 1))


def test_when_the_journal_takes_nothing_either_nothing_is_acknowledged(
    durable, ledger, monkeypatch
):
    def full(*_):
        raise StoreUnavailable("the journal volume is full")

    ledger.away = True
    with monkeypatch.context() as broken:
        broken.setattr(durable._journal, "append", full)
        with pytest.raises(StoreUnavailable, match="journal volume"):
            durable.commit([a_group()], [])
        assert durable.refusal is not None
    assert durable.commit([a_group(2)], []) == JOURNAL
    assert durable.refusal is None


def test_who_waits_for_the_end_of_a_replay_goes_to_the_database(durable, ledger, monkeypatch):
    answers = []
    late = threading.Thread(target=lambda: answers.append(durable.commit([a_group(3)], [])))
    append = ledger.append

    def replayed(groups, events=(), *, wait=True):
        append(groups, events, wait=wait)
        sequences = [group.sequence for group in groups]
        if sequences == [1]:  # the first pass: others still go to the journal
            answers.append(durable.commit([a_group(2)], []))
        elif sequences == [2]:  # the last pass: others wait for its end
            late.start()
            late.join(0.1)

    ledger.away = True
    durable.commit([a_group(1)], [])
    monkeypatch.setattr(ledger, "append", replayed)
    ledger.away = False
    until(lambda: len(answers) == 2)
    assert answers == [JOURNAL, DATABASE]
    assert ledger.order == [1, 2, 3]


def test_who_cannot_wait_is_told_while_the_database_is_away(durable, ledger):
    assert durable.commit([a_group(1)], [], wait=False) == DATABASE
    ledger.away = True
    assert durable.commit([a_group(2)], []) == JOURNAL
    with pytest.raises(WouldWait):
        durable.commit([a_group(3)], [], wait=False)
    ledger.away = False
    until(lambda: not durable.waiting)
    assert durable.commit([a_group(3)], [], wait=False) == DATABASE
    assert ledger.order == [1, 2, 3]
