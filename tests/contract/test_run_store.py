"""What every queue of runs does."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from crispml_core.domain.errors import Conflict, IdempotencyKeyReused, NotFound
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.runs import MethodTiming, Run, RunError, RunStatus

METHODS = ("cycle", "data-ingestion")


@pytest.fixture
def runs(stores):
    return stores.runs


def a_run(clock, **changes):
    facts = {
        "id": str(new_id()),
        "use_case": "credit",
        "method": "cycle",
        "status": RunStatus.QUEUED,
        "parameters": {"seed": 0, "algorithms": ["a", "b"], "where": None, "label": "für ä"},
        "created_at": clock(),
        "timeout_s": 60.0,
        "request_id": "r-1",
        "requested_by": "user:änne",
    }
    return Run(**facts | changes)


def test_a_run_comes_back_as_it_was_queued(stores, runs):
    run = a_run(stores.clock)

    assert runs.enqueue(run) == run
    assert runs.get(run.id) == run
    with pytest.raises(NotFound):
        runs.get(str(new_id()))


def test_the_oldest_queued_run_of_the_methods_is_leased_once(stores, runs):
    other, old, new = (
        runs.enqueue(a_run(stores.clock, method=m)) for m in ("model-report", "cycle", "cycle")
    )
    now = stores.clock.advance(1)

    leased = runs.lease("worker-1", 30, METHODS)

    assert (leased.id, leased.status, leased.started_at) == (old.id, RunStatus.RUNNING, now)
    assert runs.lease("worker-2", 30, METHODS).id == new.id
    assert runs.lease("worker-2", 30, METHODS) is None
    assert runs.lease("worker-2", 30, ()) is None
    assert runs.get(other.id).status is RunStatus.QUEUED


def test_many_workers_lease_every_run_exactly_once(stores, runs):
    queued = {runs.enqueue(a_run(stores.clock)).id for _ in range(12)}
    leased, barrier = [], threading.Barrier(4)

    def work(owner):
        barrier.wait()
        while run := runs.lease(owner, 30, METHODS):
            leased.append(run.id)

    in_threads(work, 4)

    assert len(leased) == 12
    assert set(leased) == queued


def test_progress_and_result_of_the_owner_are_seen(stores, runs):
    run = runs.enqueue(a_run(stores.clock))
    runs.lease("worker", 30, METHODS)
    step = MethodTiming(
        method="data-ingestion",
        status=RunStatus.SUCCEEDED,
        started_at=stores.clock(),
        seconds=0.5,
        rows=1000,
        output={"dataset_id": "d1"},
    )

    runs.progress(run.id, "worker", 40, "data-preparation", (step,))
    seen = runs.get(run.id)
    assert (seen.percent, seen.stage, seen.steps) == (40.0, "data-preparation", (step,))

    end = stores.clock.advance(5)
    assert runs.finish(run.id, "worker", RunStatus.SUCCEEDED, result={"version": "v1"})
    done = runs.get(run.id)
    assert (done.status, done.finished_at, done.percent) == (RunStatus.SUCCEEDED, end, 100.0)
    assert (done.result, done.steps, done.error) == ({"version": "v1"}, (step,), None)


def test_a_failed_run_keeps_its_error_and_how_far_it_came(stores, runs):
    run = runs.enqueue(a_run(stores.clock))
    runs.lease("worker", 30, METHODS)
    runs.progress(run.id, "worker", 40, "data-preparation", ())
    problems = ({"row": 3, "field": "age", "rule": "range", "message": "too large"},)
    error = RunError(code="invalid_records", message="row 3", problems=problems, total=7)

    assert runs.finish(run.id, "worker", RunStatus.FAILED, error=error)

    assert runs.get(run.id).error == error
    assert runs.get(run.id).percent == 40.0


def test_nobody_but_the_owner_changes_a_running_run(stores, runs):
    run = runs.enqueue(a_run(stores.clock))
    assert not runs.heartbeat(run.id, "worker", 30), "nobody owns a queued run"
    leased = runs.lease("worker", 30, METHODS)

    runs.progress(run.id, "thief", 99, "stolen", ())
    assert not runs.heartbeat(run.id, "thief", 30)
    assert not runs.finish(run.id, "thief", RunStatus.SUCCEEDED)
    assert runs.get(run.id) == leased

    assert runs.finish(run.id, "worker", RunStatus.SUCCEEDED)
    ended = runs.get(run.id)
    runs.progress(run.id, "worker", 10, "again", ())
    assert not runs.heartbeat(run.id, "worker", 30)
    assert not runs.finish(run.id, "worker", RunStatus.FAILED)
    assert runs.get(run.id) == ended


def test_a_run_is_held_by_its_owner_until_it_ends_or_shall_stop(stores, runs):
    run = runs.enqueue(a_run(stores.clock))
    assert not runs.holds(run.id, "worker"), "nobody owns a queued run"
    runs.lease("worker", 30, METHODS)
    assert runs.holds(run.id, "worker")
    assert not runs.holds(run.id, "thief")
    runs.request_cancel(run.id)
    assert not runs.holds(run.id, "worker")

    ended = runs.enqueue(a_run(stores.clock))
    runs.lease("worker-2", 30, METHODS)
    runs.finish(ended.id, "worker-2", RunStatus.SUCCEEDED)
    assert not runs.holds(ended.id, "worker-2")
    assert not runs.holds(str(new_id()), "worker")


def test_a_run_does_not_end_with_a_status_that_is_not_final(stores, runs):
    run = runs.enqueue(a_run(stores.clock))
    runs.lease("worker", 30, METHODS)

    with pytest.raises(ValueError, match="final"):
        runs.finish(run.id, "worker", RunStatus.QUEUED)


def test_only_an_expired_lease_is_failed_and_its_owner_cannot_come_back(stores, runs):
    lost, alive = (runs.enqueue(a_run(stores.clock)) for _ in range(2))
    waiting = runs.enqueue(a_run(stores.clock, method="model-report"))
    runs.lease("worker-1", 30, METHODS)
    runs.lease("worker-2", 30, METHODS)
    runs.progress(lost.id, "worker-1", 50, "model-training", ())
    heard = stores.clock()
    stores.clock.advance(29)
    assert runs.lose_expired({}) == []
    assert runs.heartbeat(alive.id, "worker-2", 30)
    now = stores.clock.advance(2)

    (failed,) = runs.lose_expired({})

    assert (failed.id, failed.status, failed.finished_at) == (lost.id, RunStatus.FAILED, now)
    assert (failed.error.code, failed.error.step) == ("worker_lost", "model-training")
    assert f"{heard:%Y-%m-%dT%H:%M:%SZ}" in failed.error.message
    assert f"{heard + timedelta(seconds=30):%Y-%m-%dT%H:%M:%SZ}" in failed.error.message
    assert runs.get(lost.id) == failed
    assert not runs.heartbeat(lost.id, "worker-1", 30)
    assert not runs.finish(lost.id, "worker-1", RunStatus.SUCCEEDED)
    assert runs.get(lost.id) == failed
    assert runs.get(alive.id).status is RunStatus.RUNNING
    assert runs.get(waiting.id).status is RunStatus.QUEUED
    assert runs.lose_expired({}) == []


def test_a_late_heartbeat_keeps_a_run_that_nobody_failed_yet(stores, runs):
    run = runs.enqueue(a_run(stores.clock))
    runs.lease("worker", 30, METHODS)
    stores.clock.advance(60)

    assert runs.heartbeat(run.id, "worker", 30)
    assert runs.lose_expired({}) == []


LOST = RunError(code="worker_lost", message="killed")


@pytest.mark.parametrize("way", ["lose", "expire"])
def test_a_run_that_may_go_on_is_queued_again_so_many_times_and_then_fails(stores, runs, way):
    run = runs.enqueue(a_run(stores.clock), exclusive_key="batch:scores")

    def lose(owner):
        started = stores.clock.advance(1)
        assert runs.lease(owner, 30, METHODS).started_at == started
        stores.clock.advance(31)
        if way == "lose":
            return runs.lose(run.id, owner, LOST, again=2)
        (lost,) = runs.lose_expired({"cycle": 2})
        return lost

    for number in (1, 2):
        again = lose(f"worker-{number}")
        assert (again.status, again.error, again.finished_at) == (RunStatus.QUEUED, None, None)
        assert [step.seconds for step in again.steps] == [31.0] * number
        assert again == runs.get(run.id)
        with pytest.raises(Conflict, match=run.id):
            runs.enqueue(a_run(stores.clock), exclusive_key="batch:scores")
        assert not runs.finish(run.id, f"worker-{number}", RunStatus.SUCCEEDED)
    failed = lose("worker-3")
    assert (failed.status, failed.error.code) == (RunStatus.FAILED, "worker_lost")
    assert "taken up 2 times" in failed.error.message
    assert (failed.finished_at, len(failed.steps)) == (stores.clock(), 2)
    runs.enqueue(a_run(stores.clock), exclusive_key="batch:scores")


@pytest.mark.parametrize("again", [0, 3])
def test_a_run_that_was_asked_to_stop_and_lost_its_worker_is_cancelled(stores, runs, again):
    run = runs.enqueue(a_run(stores.clock))
    runs.lease("worker", 30, METHODS)
    runs.request_cancel(run.id)

    cancelled = runs.lose(run.id, "worker", LOST, again=again)

    assert (cancelled.status, cancelled.error.code) == (RunStatus.CANCELLED, "run_cancelled")
    assert runs.lease("worker", 30, METHODS) is None


def test_only_the_owner_loses_a_run_or_puts_it_back(stores, runs):
    run = runs.enqueue(a_run(stores.clock), exclusive_key="batch:scores")
    leased = runs.lease("worker", 30, METHODS)

    assert runs.lose(run.id, "thief", LOST, again=1) is None
    assert not runs.requeue(run.id, "thief")
    assert runs.get(run.id) == leased

    assert runs.requeue(run.id, "worker")
    assert (runs.get(run.id).status, runs.get(run.id).steps) == (RunStatus.QUEUED, ())
    assert not runs.heartbeat(run.id, "worker", 30)
    assert runs.lose_expired({}) == []
    assert runs.lease("other", 30, METHODS).id == run.id


def test_a_key_says_which_run_it_made(stores, runs):
    run = runs.enqueue(a_run(stores.clock), idempotency_key="k", fingerprint="f")

    assert runs.replay("credit", "cycle", "k", "f") == run
    assert runs.replay("credit", "cycle", "other", "f") is None
    assert runs.replay("churn", "cycle", "k", "f") is None
    with pytest.raises(IdempotencyKeyReused):
        runs.replay("credit", "cycle", "k", "g")


@pytest.mark.parametrize("end", ["finish", "cancel", "expire"])
def test_an_exclusive_key_is_held_until_the_run_is_final(stores, runs, end):
    first = runs.enqueue(a_run(stores.clock), exclusive_key="cycle:credit")
    with pytest.raises(Conflict, match=first.id):
        runs.enqueue(a_run(stores.clock), exclusive_key="cycle:credit")
    runs.enqueue(a_run(stores.clock), exclusive_key="cycle:churn")
    if end == "cancel":
        runs.request_cancel(first.id)
    else:
        runs.lease("worker", 30, METHODS)
        with pytest.raises(Conflict, match=first.id):
            runs.enqueue(a_run(stores.clock), exclusive_key="cycle:credit")
    if end == "finish":
        runs.finish(first.id, "worker", RunStatus.FAILED)
    if end == "expire":
        stores.clock.advance(31)
        runs.lose_expired({})

    runs.enqueue(a_run(stores.clock), exclusive_key="cycle:credit")


def test_of_many_runs_at_once_one_gets_the_exclusive_key(stores, runs):
    barrier, won, refused = threading.Barrier(6), [], []

    def enqueue(_):
        run = a_run(stores.clock)
        barrier.wait()
        try:
            won.append(runs.enqueue(run, exclusive_key="cycle:credit").id)
        except Conflict as conflict:
            refused.append(conflict.message)

    in_threads(enqueue, 6)

    assert len(won) == 1
    assert len(refused) == 5
    assert all(won[0] in message for message in refused)


def test_an_idempotency_key_gives_the_same_run_again(stores, runs):
    keys = {"idempotency_key": "k-1", "fingerprint": "f1"}
    first = runs.enqueue(a_run(stores.clock), exclusive_key="cycle:credit", **keys)

    assert runs.enqueue(a_run(stores.clock), exclusive_key="cycle:credit", **keys).id == first.id
    assert len(runs.find()) == 1
    with pytest.raises(IdempotencyKeyReused):
        runs.enqueue(a_run(stores.clock), idempotency_key="k-1", fingerprint="f2")
    elsewhere = runs.enqueue(a_run(stores.clock, method="data-ingestion"), **keys)
    other = runs.enqueue(a_run(stores.clock, use_case="churn"), **keys)
    assert len({first.id, elsewhere.id, other.id}) == 3


def test_one_idempotency_key_at_once_makes_one_run(stores, runs):
    barrier, made = threading.Barrier(6), []

    def enqueue(_):
        run = a_run(stores.clock)
        barrier.wait()
        made.append(runs.enqueue(run, idempotency_key="k", fingerprint="f").id)

    in_threads(enqueue, 6)

    assert len(made) == 6
    assert len(set(made)) == 1


def test_a_run_id_is_stored_once(stores, runs):
    run = runs.enqueue(a_run(stores.clock))

    with pytest.raises(Conflict):
        runs.enqueue(run)


def test_cancelling(stores, runs):
    queued = runs.enqueue(a_run(stores.clock))
    cancelled = runs.request_cancel(queued.id)
    assert (cancelled.status, cancelled.finished_at) == (RunStatus.CANCELLED, stores.clock())
    assert runs.lease("worker", 30, METHODS) is None

    running = runs.enqueue(a_run(stores.clock))
    runs.lease("worker", 30, METHODS)
    asked = runs.request_cancel(running.id)
    assert (asked.status, asked.cancel_requested) == (RunStatus.RUNNING, True)
    assert runs.finish(running.id, "worker", RunStatus.CANCELLED)

    assert runs.request_cancel(queued.id) == cancelled
    with pytest.raises(NotFound):
        runs.request_cancel(str(new_id()))


def test_runs_are_found_newest_first_in_pages(stores, runs):
    ids = [
        runs.enqueue(a_run(stores.clock, use_case=u, method=m)).id
        for u in ("credit", "churn")
        for m in METHODS
        for _ in range(2)
    ]
    runs.request_cancel(ids[0])

    assert [run.id for run in runs.find()] == ids[::-1]
    page = runs.find(use_case="credit", limit=3)
    assert [run.id for run in page] == ids[3:0:-1]
    assert [run.id for run in runs.find(use_case="credit", before=page[-1].id)] == ids[:1]
    assert [run.id for run in runs.find(methods=["cycle"], use_case="churn")] == ids[5:3:-1]
    assert [run.id for run in runs.find(status=RunStatus.CANCELLED)] == ids[:1]
    assert [run.id for run in runs.find(methods=METHODS)] == ids[::-1]
    assert runs.find(methods=()) == []


def in_threads(work, count):
    threads = [threading.Thread(target=work, args=(f"worker-{i}",)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_runs_are_counted_by_method_and_status(stores, runs):
    assert runs.counts() == {}
    for method in ("cycle", "cycle", "data-ingestion"):
        runs.enqueue(a_run(stores.clock, method=method))
    taken = runs.lease("worker-1", 30, ("cycle",))
    runs.finish(taken.id, "worker-1", RunStatus.FAILED)
    assert runs.counts() == {
        ("cycle", RunStatus.FAILED): 1,
        ("cycle", RunStatus.QUEUED): 1,
        ("data-ingestion", RunStatus.QUEUED): 1,
    }


def test_the_run_that_waits_longest_says_since_when(stores, runs):
    assert runs.oldest_queued() is None
    since = stores.clock()
    runs.enqueue(a_run(stores.clock))
    later = stores.clock.advance(60)
    runs.enqueue(a_run(stores.clock))
    assert runs.oldest_queued() == since
    runs.lease("worker-1", 30, METHODS)
    assert runs.oldest_queued() == later
