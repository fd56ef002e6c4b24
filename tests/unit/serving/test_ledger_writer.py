"""The writer makes groups of what waits, and keeps one unbroken chain per process."""

import pytest

from crispml_core.domain.errors import Conflict, IdempotencyKeyReused, StoreUnavailable
from crispml_core.domain.events import EventKind, ServingEvent
from crispml_core.domain.scores import ScoreRows, chain_root
from crispml_core.serving.durable_ledger import DATABASE
from crispml_core.serving.ledger_writer import Entry, LedgerWriter, Served
from crispml_core.serving.scored import ScoreCall
from crispml_core.serving.stored_inputs import stored_rows, verify_rows
from crispml_core.testing.fakes.score_ledger import FakeScoreLedger

SERVED = Served("toy", "toy", "v1", "champion", ("no", "yes"), ("amount", "items"))
OTHER = Served("toy", "toy", "v2", "challenger", ("no", "yes"), ("amount", "items"))


class Direct:
    """Commits straight to a ledger."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.fails = False
        self.loses = False
        self.transactions = []

    def commit(self, groups, events, *, wait=True):
        if self.fails:
            raise StoreUnavailable("away")
        self.ledger.append(groups, events, wait=wait)
        self.transactions.append([group.group_id for group in groups])
        if self.loses:
            raise StoreUnavailable("the answer to the commit was lost")
        return DATABASE


@pytest.fixture
def world():
    ledger = FakeScoreLedger()
    durable = Direct(ledger)
    return ledger, durable, LedgerWriter(ledger, durable)


def an_entry(*keys, served=SERVED, **call):
    rows = len(keys)
    scores = ScoreRows(
        record_keys=list(keys),
        predictions=["yes"] * rows,
        probabilities=[0.75] * rows,
        segments=["{}"] * rows,
        request_ids=[call.get("request_id", "r")] * rows,
    )
    inputs = [(1.5, number) for number in range(rows)]
    return Entry(ScoreCall(use_case="toy", **call), served, scores, inputs)


def chain_of(ledger, writer):
    return sorted(
        (group for group in ledger._groups.values() if group.writer_id == writer.writer_id),
        key=lambda group: group.sequence,
    )


def test_requests_for_one_version_share_a_group_and_each_gets_its_own_scores(world):
    ledger, durable, writer = world
    entries = [an_entry("a", request_id="r-1"), an_entry("b", "c", request_id="r-2")]
    first, second = writer.commit(entries)
    assert len(durable.transactions) == 1
    assert first.group_id == second.group_id
    assert [ledger.get(i).record_key for i in first.score_ids()] == ["a"]
    assert [ledger.get(i).record_key for i in second.score_ids()] == ["b", "c"]
    assert [ledger.get(i).request_id for i in second.score_ids()] == ["r-2", "r-2"]
    group = ledger.group(first.group_id)
    assert stored_rows(group) == (("amount", "items"), [(1.5, 0), (1.5, 0), (1.5, 1)])
    assert verify_rows(group) == []


def test_different_versions_are_different_groups_of_one_transaction(world):
    _, durable, writer = world
    outcomes = writer.commit([an_entry("a"), an_entry("b", served=OTHER), an_entry("c")])
    assert [scored.version for scored in outcomes] == ["v1", "v2", "v1"]
    assert [len(groups) for groups in durable.transactions] == [2]


def test_each_group_covers_the_one_before(world):
    ledger, _, writer = world
    writer.commit([an_entry("a"), an_entry("b", served=OTHER)])
    writer.commit([an_entry("c")])
    previous = bytes(32)
    for number, group in enumerate(chain_of(ledger, writer), start=1):
        assert (group.sequence, group.previous_root) == (number, previous)
        previous = chain_root(previous, writer.writer_id, number, group.row_digests)
        assert group.root == previous
    assert number == 3


def test_a_transaction_that_failed_leaves_no_gap(world):
    ledger, durable, writer = world
    durable.fails = True
    (outcome,) = writer.commit([an_entry("a")])
    assert isinstance(outcome, StoreUnavailable)
    durable.fails = False
    writer.commit([an_entry("b")])
    assert [group.sequence for group in chain_of(ledger, writer)] == [1]


def test_a_commit_whose_answer_was_lost_does_not_break_the_chain(world):
    ledger, durable, writer = world
    durable.loses = True
    (outcome,) = writer.commit([an_entry("a")])
    assert isinstance(outcome, StoreUnavailable)
    durable.loses = False
    writer.commit([an_entry("b")])
    one, two = chain_of(ledger, writer)
    assert (two.sequence, two.previous_root) == (2, one.root)


def test_a_chain_whose_end_grew_too_old_is_not_begun_again(world):
    ledger, durable, writer = world
    writer.commit([an_entry("a")])
    first = writer.writer_id
    durable.loses = True
    writer.commit([an_entry("b")])
    ledger._groups.clear()
    durable.loses = False

    writer.commit([an_entry("c")])

    assert writer.writer_id != first
    (only,) = chain_of(ledger, writer)
    assert (only.sequence, only.previous_root) == (1, bytes(32))


def test_a_used_key_gets_the_scores_of_then_and_hurts_nobody_else(world):
    ledger, _, writer = world
    (first,) = writer.commit([an_entry("a", idempotency_key="k", fingerprint="f")])
    again, other = writer.commit(
        [an_entry("a", idempotency_key="k", fingerprint="f"), an_entry("b")]
    )
    assert again.replayed
    assert again.score_ids() == first.score_ids()
    assert not other.replayed
    assert len(ledger.find()) == 2
    assert [group.sequence for group in chain_of(ledger, writer)] == [1, 2]


def test_one_key_twice_in_one_group_stores_one_request(world):
    _, _, writer = world
    same = [an_entry("a", idempotency_key="k", fingerprint="f") for _ in range(2)]
    first, second = writer.commit(same)
    assert (first.replayed, second.replayed) == (False, True)
    assert first.score_ids() == second.score_ids()


def test_a_key_with_another_request_is_refused(world):
    _, _, writer = world
    writer.commit([an_entry("a", idempotency_key="k", fingerprint="f")])
    (outcome,) = writer.commit([an_entry("b", idempotency_key="k", fingerprint="g")])
    assert isinstance(outcome, IdempotencyKeyReused)


def test_events_are_committed_with_the_scores_or_alone(world):
    ledger, durable, writer = world
    event = ServingEvent(kind=EventKind.REFUSED, code="invalid_records")
    writer.commit([], [event])
    writer.commit([an_entry("a")], [ServingEvent(kind=EventKind.FAILED, code="x")])
    assert len(ledger.events) == 2
    assert len(durable.transactions) == 2


def test_a_conflict_of_the_ledger_reaches_the_request(world):
    _, durable, writer = world

    def taken(groups, events, *, wait=True):
        raise Conflict("stored already")

    durable.commit = taken
    (outcome,) = writer.commit([an_entry("a")])
    assert isinstance(outcome, Conflict)
