"""Races as a database server allows them: a look at the rows that is stale when the write comes.

SQLite lets one writer in at a time, so the stale look is staged.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from crispml_core.adapters.sql import alias_log, drift_store
from crispml_core.adapters.sql.alias_log import SqlAliasLog
from crispml_core.adapters.sql.databases.errors import GaveWay, LockedOut
from crispml_core.adapters.sql.drift_store import SqlDriftStore
from crispml_core.adapters.sql.labels import importing
from crispml_core.adapters.sql.labels.store import SqlLabelStore
from crispml_core.adapters.sql.run_store import SqlRunStore
from crispml_core.adapters.sql.scores import index, marks
from crispml_core.domain.errors import PreconditionFailed, PreconditionRequired, StoreUnavailable
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.labels import Label, Verdict
from crispml_core.domain.runs import Run, RunStatus
from crispml_core.serving.drift_counter import ReferenceCounter


def stale_once(monkeypatch, module, name, answer):
    look = getattr(module, name)
    calls = []

    def first_stale(*arguments, **options):
        calls.append(arguments)
        return answer if len(calls) == 1 else look(*arguments, **options)

    monkeypatch.setattr(module, name, first_stale)


def test_labels_that_another_import_stored_meanwhile_are_duplicates(engine, monkeypatch):
    labels = SqlLabelStore(engine)
    rows = [Label(value="bad", label_time=utc_now(), record_key=key) for key in "ab"]
    labels.add("credit", rows)
    stale_once(monkeypatch, importing, "_current", {})

    assert labels.add("credit", rows).verdicts == (Verdict.DUPLICATE, Verdict.DUPLICATE)
    assert len(labels.find()) == 2


def test_a_correction_that_came_second_corrects_the_first_one(engine, monkeypatch):
    labels = SqlLabelStore(engine)
    values = iter(["bad", "good", "other"])

    def add():
        return labels.add(
            "credit", [Label(value=next(values), label_time=utc_now(), record_key="a")]
        )

    add()
    look = importing._current
    before = []
    with monkeypatch.context() as patch:
        patch.setattr(importing, "_current", lambda *a: before.append(look(*a)) or look(*a))
        (corrected,) = add().label_ids
    stale_once(monkeypatch, importing, "_current", before[0])
    add()

    newest, middle, first = labels.find()
    assert [label.is_current for label in (newest, middle, first)] == [True, False, False]
    assert (newest.supersedes, middle.label_id) == (corrected, corrected)


def test_an_alias_that_another_process_made_meanwhile_is_seen(engine, monkeypatch):
    aliases = SqlAliasLog(engine)
    aliases.move("credit", "champion", "v1", expected=None)
    look = alias_log._newest
    calls = []

    def stale(*arguments, **options):
        calls.append(arguments)
        return None if len(calls) <= 2 else look(*arguments, **options)

    monkeypatch.setattr(alias_log, "_newest", stale)

    with pytest.raises(PreconditionRequired):
        aliases.move("credit", "champion", "v2", expected=None)


def test_a_move_between_the_two_looks_of_another_one_is_seen(engine, monkeypatch):
    aliases = SqlAliasLog(engine)
    first = aliases.move("credit", "champion", "v1", expected=None)
    second = aliases.move("credit", "champion", "v2", expected="v1")
    stale_once(monkeypatch, alias_log, "_newest", first)

    with pytest.raises(PreconditionFailed):
        aliases.move("credit", "champion", "v3", expected="v1")
    assert aliases.history("credit", "champion") == [second, first]


@pytest.fixture
def drift(engine):
    return SqlDriftStore(engine, ReferenceCounter(lambda use_case, version: None))


@pytest.fixture(params=["index", "counts"])
def waiting(request, ledger, drift, make_group):
    """Return what claims the two scores that wait: its module and name, and the step that does."""
    ledger.append([make_group("a", "b")])
    if request.param == "index":
        return index, "_claim", lambda: ledger.index_keys(10)
    ledger.index_keys(10)
    return drift_store, "_take", lambda: drift.advance(10)


def failing(error):
    def fail(*arguments):
        raise error

    return fail


def test_who_is_undone_to_end_a_deadlock_does_it_again(waiting, monkeypatch):
    module, claim, step = waiting
    with monkeypatch.context() as patch:
        patch.setattr(module, claim, failing(GaveWay("another one went first")))
        assert step() == (0, True)

    assert step() == (2, False)


def test_who_reads_waits_for_another_process_only_so_long(waiting, drift, monkeypatch):
    module, claim, step = waiting
    monkeypatch.setattr(marks, "_PATIENCE_S", 0.1)
    with monkeypatch.context() as patch:
        patch.setattr(module, claim, failing(LockedOut("is locked")))
        with pytest.raises(StoreUnavailable, match="end the process that holds them"):
            drift.catch_up()

    drift.catch_up()
    assert step() == (0, False)


ENQUEUE = """
import sys
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.run_store import SqlRunStore
from crispml_core.domain.errors import Conflict
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.runs import Run, RunStatus

store = SqlRunStore(make_engine(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(20):
    run = Run(id=str(new_id()), use_case="credit", method="cycle", status=RunStatus.QUEUED,
              parameters={}, created_at=utc_now(), timeout_s=60.0)
    try:
        store.enqueue(run, exclusive_key="cycle:credit")
        print(run.id, flush=True)
    except Conflict:
        pass
"""


def test_of_two_processes_one_gets_the_exclusive_key(engine, url):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ENQUEUE, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    won = [line for process in processes for line in process.communicate(timeout=60)[0].split()]

    assert len(won) == 1
    assert [run.id for run in SqlRunStore(engine).find()] == won


def test_a_worker_that_was_slow_to_look_takes_another_run(engine, monkeypatch):
    store = SqlRunStore(engine)
    first, second = (
        store.enqueue(
            Run(
                id=str(new_id()),
                use_case="credit",
                method="cycle",
                status=RunStatus.QUEUED,
                parameters={},
                created_at=utc_now(),
                timeout_s=60.0,
            )
        )
        for _ in range(2)
    )
    change = store._change
    overtaken = []

    def overtake(*where, **values):
        if not overtaken:
            overtaken.append(True)
            overtaken.append(SqlRunStore(engine).lease("quick", 30, ("cycle",)))
        return change(*where, **values)

    monkeypatch.setattr(store, "_change", overtake)

    assert store.lease("slow", 30, ("cycle",)).id == second.id
    assert overtaken[1].id == first.id
