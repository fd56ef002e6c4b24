"""What every audit log does."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from crispml_core.adapters.sql.audit import log as log_module
from crispml_core.adapters.sql.audit.log import SqlAuditLog
from crispml_core.adapters.sql.databases.engine import make_engine, writing
from crispml_core.adapters.sql.databases.errors import CommitUnknown
from crispml_core.adapters.sql.databases.options import EngineOptions
from crispml_core.domain.audit import (
    NO_DIGEST,
    AuditEvent,
    AuditHead,
    AuditQuery,
    SignedHead,
)
from crispml_core.governance.audit_chain import follow

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, UTC)


@pytest.fixture
def log(stores):
    return stores.audit


def event(action="put_alias", **changes):
    facts = {
        "actor": "key:ann",
        "action": action,
        "resource": "model=credit alias=champion",
        "use_case": "credit",
        "environment": "qa",
        "origin": "10.0.0.7",
        "request_id": "r-1",
        "outcome": "200",
        "detail": {"query": ["limit"], "asked": 3},
        "occurred_at": NOON,
    }
    return AuditEvent(**facts | changes)


def everything(log):
    return log.entries(AuditQuery(), 10_000)


def test_entries_follow_on_each_other_and_are_read_as_they_were_written(log):
    assert log.head() == AuditHead(0, NO_DIGEST)

    first = log.append([event("new_api_key"), event("put_alias")])
    second = log.append([event("delete_alias", use_case=None, detail={})])

    assert everything(log) == [*first, *second]
    assert [entry.sequence for entry in everything(log)] == [1, 2, 3]
    assert log.head() == AuditHead(3, second[0].digest)
    assert follow(AuditHead(), everything(log)) == (log.head(), None)
    assert log.at([3, 1, 9]) == [first[0], second[0]]


def test_nothing_is_nothing(log):
    assert log.append([]) == []
    assert log.head() == AuditHead()


def test_texts_of_callers_are_kept_whatever_is_in_them(log):
    log.append(
        [
            event(
                actor="user:" + "ü" * 300,
                resource="model=a\x00b\ud800",
                detail={"é": 'quoted " and \\ \x00', "n": [1, None, True]},
            )
        ]
    )

    kept = everything(log)
    assert follow(AuditHead(), kept)[1] is None
    assert kept[0].event.resource == "model=a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"
    assert kept[0].event.actor == "user:" + "ü" * 125
    assert kept[0].event.detail == {"é": 'quoted " and \\ \x00', "n": [1, None, True]}


def test_entries_are_found_by_actor_time_action_and_use_case(log):
    log.append(
        [
            event(occurred_at=NOON + timedelta(hours=hour), actor=actor, use_case=use_case)
            for hour, (actor, use_case) in enumerate(
                [
                    ("key:ann", "credit"),
                    ("key:bob", "credit"),
                    ("key:ann", None),
                    ("run:1", "churn"),
                ]
            )
        ]
    )
    log.append([event("get_score", occurred_at=NOON + timedelta(hours=9))])

    def found(limit=100, **query):
        return [entry.sequence for entry in log.entries(AuditQuery(**query), limit)]

    assert found() == [1, 2, 3, 4, 5]
    assert found(after=2) == [3, 4, 5]
    assert found(limit=2) == [1, 2]
    assert found(newest_first=True, limit=2) == [5, 4]
    assert found(newest_first=True, after=4) == [3, 2, 1]
    assert found(newest_first=True, actor="key:ann") == [5, 3, 1]
    assert found(actor="key:ann") == [1, 3, 5]
    assert found(action="get_score") == [5]
    assert found(use_case="credit") == [1, 2, 5]
    assert found(start=NOON + timedelta(hours=1), end=NOON + timedelta(hours=3)) == [2, 3]


def test_entries_are_found_by_how_they_ended(log):
    outcomes = ("200", "403", "404", "done", "failed", "asked")
    log.append([event(outcome=each) for each in outcomes])

    def found(outcome, **query):
        kept = log.entries(AuditQuery(outcome=outcome, **query), 100)
        return [entry.event.outcome for entry in kept]

    assert [found(each) for each in outcomes] == [[each] for each in outcomes]
    assert found("4xx") == ["403", "404"]
    assert found("4xx", newest_first=True) == ["404", "403"]
    assert found("5xx") == []
    assert found("4xx", actor="key:bob") == []


def test_many_threads_make_one_chain(log):
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: log.append([event(resource=f"n={n}")] * 2), range(24)))

    kept = everything(log)
    assert follow(AuditHead(), kept) == (log.head(), None)
    assert [entry.sequence for entry in kept] == list(range(1, 49))
    assert all(a.event == b.event for a, b in zip(kept[::2], kept[1::2], strict=True))


def _append_in_a_process(url, name, number):
    engine = make_engine(url, options=EngineOptions(retry_s=30))
    log = SqlAuditLog(engine)
    for n in range(number):
        log.append([event(actor=f"key:{name}", resource=f"n={n}")])
    engine.dispose()


@pytest.mark.needs("tables")
@pytest.mark.parametrize("is_done", [True, False], ids=["done", "undone"])
def test_of_a_commit_that_nobody_heard_of_the_chain_tells_whether_it_was_done(
    stores, log, monkeypatch, is_done
):
    engine = make_engine(stores.url, options=EngineOptions(retry_s=30))
    heard = []

    @contextmanager
    def cut_off(engine):
        lost = CommitUnknown("the connection broke") if not heard else None
        heard.append(lost)
        with writing(engine) as connection:
            yield connection
            if lost is not None and not is_done:
                raise lost
        if lost is not None:
            raise lost

    monkeypatch.setattr(log_module, "writing", cut_off)

    written = SqlAuditLog(engine).append([event("put_alias"), event("delete_alias")])
    engine.dispose()

    assert everything(log) == list(written)
    assert [entry.sequence for entry in written] == [1, 2]
    assert len(heard) == (1 if is_done else 2)


@pytest.mark.needs("tables")
def test_several_processes_make_one_chain_and_lose_nothing(stores, log):
    processes, each = 4, 20
    spawned = multiprocessing.get_context("spawn")
    workers = [
        spawned.Process(target=_append_in_a_process, args=(stores.url, f"p{n}", each))
        for n in range(processes)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0] * processes

    kept = everything(log)
    assert follow(AuditHead(), kept) == (log.head(), None)
    for n in range(processes):
        own = [entry.event.resource for entry in kept if entry.event.actor == f"key:p{n}"]
        assert own == [f"n={n}" for n in range(each)], "its own entries, each once, in order"


def test_a_head_is_kept_once_and_heads_are_read_in_order(log):
    entries = log.append([event(), event(), event()])

    def head(entry, key_id):
        return SignedHead(
            sequence=entry.sequence,
            digest=entry.digest,
            signed_at=NOON,
            key_id=key_id,
            signature=bytes(range(64)),
        )

    assert log.last_head() is None
    assert log.keep_head(head(entries[0], "a"))
    assert log.keep_head(head(entries[2], "a"))
    assert not log.keep_head(head(entries[2], "b")), "another process was faster"
    assert log.heads(0, 10) == [head(entries[0], "a"), head(entries[2], "a")]
    assert log.heads(1, 10) == [head(entries[2], "a")]
    assert log.heads(0, 1) == [head(entries[0], "a")]
    assert log.heads(0, 1, newest_first=True) == [head(entries[2], "a")]
    assert log.heads(3, 10, newest_first=True) == [head(entries[0], "a")]
    assert log.last_head() == head(entries[2], "a")
