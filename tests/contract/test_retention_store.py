"""What every store does with rows that grew too old."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.schema.tables import prunings
from crispml_core.domain.alerts import Delivery, DeliveryStatus
from crispml_core.domain.audit import AuditQuery
from crispml_core.domain.errors import NotFound
from crispml_core.domain.events import EventKind, ServingEvent
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.labels import Label
from crispml_core.domain.retention import Pruning, Retained, RetentionRule, score_group_key
from crispml_core.domain.runs import RunStatus
from tests.contract.test_report_store import a_report
from tests.contract.test_run_store import a_run

DAYS = 30


@pytest.fixture
def stores(stores):
    """The stores with a clock that goes with the ids, which begin with the moment."""
    stores.clock.now = utc_now()
    return stores


def rule(table, **changes):
    return RetentionRule(table=table, **{"days": DAYS} | changes)


def prune(stores, table, limit=100, **changes):
    """Follow a rule to its end and return how many rows each step deleted."""
    the_rule, now = rule(table, **changes), stores.clock()
    steps = []
    while True:
        due = stores.retention.due(the_rule, the_rule.cutoff(now))
        pruning = stores.retention.prune(the_rule, the_rule.cutoff(now), at=now, limit=limit)
        if pruning is None:
            assert due == 0
            return steps
        assert due >= pruning.rows
        steps.append(pruning.rows)


def a_label(stores, key):
    return Label(value="bad", label_time=stores.clock(), record_key=key)


def an_event(stores, use_case="credit"):
    return ServingEvent(
        kind=EventKind.REFUSED, code="x", use_case=use_case, occurred_at=stores.clock()
    )


def a_delivery(stores, status):
    return Delivery(
        id=str(new_id()),
        use_case="credit",
        type="alert",
        created_at=stores.clock(),
        event={},
        next_attempt_at=stores.clock(),
        status=status,
    )


def test_what_is_older_than_its_rule_goes_and_the_rest_stays(stores):
    old = [an_event(stores) for _ in range(5)]
    stores.ledger.append([], old)
    stores.clock.advance((DAYS + 1) * 86_400)
    young = an_event(stores)
    stores.ledger.append([], [young])

    assert prune(stores, Retained.SERVING_EVENTS, limit=2) == [2, 2, 1]
    assert stores.events.find() == [young]
    assert prune(stores, Retained.SERVING_EVENTS) == []


def test_a_rule_is_about_one_use_case_or_about_all_but_some(stores):
    for use_case in ("credit", "churn", "fraud", None):
        stores.ledger.append([], [an_event(stores, use_case)])
    stores.clock.advance((DAYS + 1) * 86_400)

    assert prune(stores, Retained.SERVING_EVENTS, use_case="credit") == [1]
    assert prune(stores, Retained.SERVING_EVENTS, but=("churn",)) == [2]
    assert [event.use_case for event in stores.events.find()] == ["churn"]


def test_a_pruning_stays_and_tells_what_it_deleted(stores):
    gone = an_event(stores)
    stores.ledger.append([], [gone])
    stores.clock.advance((DAYS + 1) * 86_400)
    kept = an_event(stores)
    stores.ledger.append([], [kept])
    the_rule, now = rule(Retained.SERVING_EVENTS), stores.clock()

    pruning = stores.retention.prune(the_rule, the_rule.cutoff(now), at=now, limit=10)

    assert stores.retention.prunings() == [pruning]
    assert stores.retention.prunings(table=Retained.RUNS) == []
    assert stores.retention.prunings(before=pruning.pruning_id) == []
    assert pruning.digest == stores.retention.prunings()[0].digest
    asked = [gone.event_id, kept.event_id]
    assert stores.retention.pruned(Retained.SERVING_EVENTS, asked) == {gone.event_id}
    assert stores.retention.pruned(Retained.REPORTS, asked) == set()


def test_each_pruning_has_an_entry_in_the_audit_log(stores):
    stores.ledger.append([], [an_event(stores), an_event(stores)])
    stores.clock.advance((DAYS + 1) * 86_400)

    prune(stores, Retained.SERVING_EVENTS, limit=1, use_case="credit")

    entries = stores.audit.entries(AuditQuery(), 10)
    found = stores.retention.prunings()[::-1]
    assert [entry.sequence for entry in entries] == [p.audit_sequence for p in found] == [1, 2]
    for entry, pruning in zip(entries, found, strict=True):
        assert (entry.event.action, entry.event.use_case) == ("pruned", "credit")
        assert entry.event.detail["digest"] == pruning.digest.hex()
        assert entry.event.detail["rows"] == 1


def test_scores_go_with_all_that_belongs_to_them(stores):
    old = stores.score("a", "b")
    stores.clock.advance(1)
    later = stores.score("b")
    stores.ledger.index_keys(100)
    stores.clock.advance((DAYS + 1) * 86_400)
    young = stores.score("a", "c")

    assert prune(stores, Retained.SCORES, limit=1) == [1, 1]

    for score in (*old, *later):
        with pytest.raises(NotFound):
            stores.ledger.get(score.score_id)
    assert [score.score_id for score in stores.ledger.find(record_key="a")] == [young[0].score_id]
    assert stores.ledger.find(record_key="b") == []
    assert len(stores.ledger.find(use_case="credit")) == 2


def test_scores_that_nobody_indexed_or_counted_go_too(stores):
    stores.score("a", "b")
    stores.clock.advance((DAYS + 1) * 86_400)
    young = stores.score("a")

    assert prune(stores, Retained.SCORES) == [1]

    assert [score.score_id for score in stores.ledger.find(record_key="a")] == [young[0].score_id]
    stores.drift.catch_up()


def test_scores_of_every_use_case_go_by_the_rule_for_all(stores):
    for use_case in ("credit", "churn", "fraud"):
        stores.score("a", use_case=use_case)
    stores.clock.advance((DAYS + 1) * 86_400)

    assert sum(prune(stores, Retained.SCORES, but=("churn",))) == 2
    assert [score.use_case for score in stores.ledger.find()] == ["churn"]


def test_the_chain_of_a_writer_goes_on_where_a_rule_cut_it(stores):
    old = stores.group("a")
    stores.ledger.append([old])
    stores.clock.advance((DAYS + 1) * 86_400)
    young = stores.group("b")
    stores.ledger.append([young])

    prune(stores, Retained.SCORES)

    before = score_group_key(young.writer_id, young.sequence - 1, young.previous_root)
    forged = score_group_key(young.writer_id, young.sequence - 1, bytes(32))
    assert stores.retention.pruned(Retained.SCORES, [before, forged]) == {before}
    assert stores.ledger.last_root(young.writer_id) == (young.sequence, young.root)


def test_labels_go_and_then_their_imports(stores):
    stores.score("a", "b")
    receipt = stores.labels.add("credit", [a_label(stores, "a"), a_label(stores, "b")])
    stores.clock.advance((DAYS + 1) * 86_400)
    young = stores.labels.add("credit", [a_label(stores, "c")])

    assert prune(stores, Retained.LABEL_IMPORTS) == []
    assert prune(stores, Retained.LABELS) == [2]
    assert prune(stores, Retained.LABEL_IMPORTS) == [1]

    assert [label.label_id for label in stores.labels.find()] == list(young.label_ids)
    with pytest.raises(NotFound):
        list(stores.labels.verdicts(receipt.import_id))


def test_reports_go(stores):
    old = stores.reports.add(a_report(stores))
    stores.clock.advance((DAYS + 1) * 86_400)
    young = stores.reports.add(a_report(stores))

    assert prune(stores, Retained.REPORTS) == [1]
    assert [report.id for report in stores.reports.find()] == [young.id] != [old.id]


def test_a_run_that_has_not_ended_stays(stores):
    ended, running = (stores.runs.enqueue(a_run(stores.clock)) for _ in range(2))
    stores.runs.lease("w", 60, ("cycle",))
    stores.runs.finish(ended.id, "w", RunStatus.SUCCEEDED, result={})
    stores.clock.advance((DAYS + 1) * 86_400)

    assert prune(stores, Retained.RUNS) == [1]
    assert [run.id for run in stores.runs.find()] == [running.id]


def test_a_message_that_is_on_its_way_stays(stores):
    messages = [a_delivery(stores, status) for status in DeliveryStatus]
    stores.outbox.add(messages)
    stores.clock.advance((DAYS + 1) * 86_400)

    assert sum(prune(stores, Retained.DELIVERIES)) == 2
    assert [message.status for message in stores.outbox.find()] == [DeliveryStatus.PENDING]


def test_two_at_once_delete_each_row_once(stores):
    events = [an_event(stores) for _ in range(40)]
    stores.ledger.append([], events)
    stores.clock.advance((DAYS + 1) * 86_400)
    the_rule, now = rule(Retained.SERVING_EVENTS), stores.clock()
    done, errors = [], []

    def follow():
        try:
            while pruning := stores.retention.prune(
                the_rule, the_rule.cutoff(now), at=now, limit=5
            ):
                done.append(pruning)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=follow) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert sum(pruning.rows for pruning in done) == 40
    assert {p.pruning_id for p in stores.retention.prunings()} == {p.pruning_id for p in done}
    ids = [event.event_id for event in events]
    assert stores.retention.pruned(Retained.SERVING_EVENTS, ids) == set(ids)


def test_an_id_that_is_younger_than_its_moment_is_found_within_a_day(stores):
    made_later = an_event(stores)
    stores.clock.advance(-12 * 3600)
    early = ServingEvent(
        kind=EventKind.REFUSED,
        code="x",
        event_id=made_later.event_id,
        occurred_at=stores.clock(),
    )
    stores.ledger.append([], [early])
    stores.clock.now = early.occurred_at + timedelta(days=DAYS, seconds=1)

    assert prune(stores, Retained.SERVING_EVENTS) == [1]


@pytest.mark.needs("tables")
def test_a_pruning_that_somebody_made_up_covers_nothing(stores):
    gone, lost = an_event(stores), an_event(stores)
    stores.ledger.append([], [gone, lost])
    stores.clock.advance((DAYS + 1) * 86_400)
    the_rule, now = rule(Retained.SERVING_EVENTS), stores.clock()
    true = stores.retention.prune(the_rule, the_rule.cutoff(now), at=now, limit=1)
    made_up = Pruning.of(the_rule, [lost.event_id], cutoff=the_rule.cutoff(now), at=now)
    engine = make_engine(stores.url)
    with engine.begin() as connection:
        row = connection.execute(select(prunings)).mappings().one()
        forged = {
            **row,
            "pruning_id": made_up.pruning_id,
            "digest": made_up.digest,
            "key_digests": made_up.key_digests,
        }
        connection.execute(prunings.insert().values(forged))
    engine.dispose()

    assert stores.retention.pruned(Retained.SERVING_EVENTS, [lost.event_id]) == set()
    assert stores.retention.pruned(Retained.SERVING_EVENTS, [gone.event_id]) == {gone.event_id}
    assert true.rows == 1
