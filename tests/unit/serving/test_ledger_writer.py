"""The ledger writer keeps one unbroken chain per process."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.scores import ScoreGroup, chain_root
from crispml_core.serving.ledger_writer import LedgerWriter
from crispml_core.testing.fakes.score_ledger import FakeScoreLedger


def a_group(**changes):
    group = ScoreGroup(
        group_id=str(new_id()),
        writer_id="",
        sequence=0,
        use_case="toy",
        model="toy",
        version="v1",
        alias="champion",
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
        request_id="",
        rows=1,
        inputs=b"",
        row_digests=hashlib.sha256(b"row").digest(),
        root=b"",
        previous_root=b"",
    )
    return replace(group, **changes)


def test_each_group_covers_the_one_before(toy):
    writer = LedgerWriter(FakeScoreLedger())
    first, _, _ = writer.append(a_group(), [])
    second, _, replayed = writer.append(a_group(), [])
    assert (first.sequence, second.sequence, replayed) == (1, 2, False)
    assert first.previous_root == bytes(32)
    assert second.previous_root == first.root
    assert second.root == chain_root(first.root, writer.writer_id, 2, second.row_digests)


def test_a_group_that_was_not_committed_leaves_no_gap():
    class Broken(FakeScoreLedger):
        fails = True

        def append(self, group, scores):
            if self.fails:
                raise StoreUnavailable("away")
            return super().append(group, scores)

    ledger = Broken()
    writer = LedgerWriter(ledger)
    with pytest.raises(StoreUnavailable):
        writer.append(a_group(), [])
    ledger.fails = False
    assert writer.append(a_group(), [])[0].sequence == 1


def test_a_replayed_group_takes_no_place_in_the_chain():
    writer = LedgerWriter(FakeScoreLedger())
    keyed = a_group(idempotency_key="k", fingerprint="f")
    first, _, _ = writer.append(keyed, [])
    again, _, replayed = writer.append(replace(keyed, group_id=str(new_id())), [])
    assert replayed
    assert again.group_id == first.group_id
    assert writer.append(a_group(), [])[0].sequence == 2


def test_a_named_writer_goes_on_where_it_stopped():
    ledger = FakeScoreLedger()
    first, _, _ = LedgerWriter(ledger, "pod-1").append(a_group(), [])
    second, _, _ = LedgerWriter(ledger, "pod-1").append(a_group(), [])
    assert second.sequence == 2
    assert second.previous_root == first.root


def test_a_commit_whose_answer_was_lost_does_not_break_the_chain():
    class Forgetful(FakeScoreLedger):
        loses = True

        def append(self, group, scores):
            stored = super().append(group, scores)
            if self.loses:
                raise StoreUnavailable("the connection was lost after the commit")
            return stored

    ledger = Forgetful()
    writer = LedgerWriter(ledger)
    with pytest.raises(StoreUnavailable):
        writer.append(a_group(), [])
    ledger.loses = False
    _, first_root = ledger.last_root(writer.writer_id)
    second, _, _ = writer.append(a_group(), [])
    assert second.sequence == 2
    assert second.previous_root == first_root
