"""Trouble with one run costs the others nothing."""

import time

import pytest

from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.runs import Run, RunStatus
from crispml_core.runs import executor as module
from crispml_core.runs.executor import RunExecutor
from crispml_core.testing.fakes.run_store import FakeRunStore


class Process:
    """A worker process that never ends by itself."""

    exitcode = None
    startable = True

    def __init__(self, target, args=(), daemon=True):
        self.args, self.alive = args, False

    def start(self):
        if self.args and not self.startable:
            raise OSError("no memory")
        self.alive = bool(self.args)

    def is_alive(self):
        return self.alive

    def kill(self):
        self.alive = False

    def join(self):
        pass

    def close(self):
        pass


class Context:
    """Stands for the fork server."""

    Process = Process

    def set_forkserver_preload(self, modules):
        pass


class Store(FakeRunStore):
    """Cannot be asked about one run."""

    sick = None

    def __init__(self):
        super().__init__()
        self.beaten = set()

    def heartbeat(self, run_id, owner, lease_s):
        if run_id == self.sick:
            raise StoreUnavailable("locked")
        self.beaten.add(run_id)
        return super().heartbeat(run_id, owner, lease_s)


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def start(monkeypatch, store):
    monkeypatch.setattr(module.multiprocessing, "get_context", lambda kind: Context())
    made = []

    def run():
        options = {"sweep": lambda: None, "workers": 2, "heartbeat_s": 0.0, "poll_s": 0.01}
        made.append(RunExecutor(store, print, ("cycle", "new-data-score"), **options))
        made[-1].start()
        return made[-1]

    yield run
    for executor in made:
        executor.stop()


def queue(store, method="cycle"):
    run = Run(
        id=str(new_id()),
        use_case="toy",
        method=method,
        status=RunStatus.QUEUED,
        parameters={},
        created_at=utc_now(),
        timeout_s=60.0,
    )
    return store.enqueue(run).id


def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_run_that_cannot_be_looked_at_does_not_cost_another_its_lease(store, start):
    store.sick, healthy = queue(store), queue(store)
    executor = start()
    until(lambda: healthy in store.beaten)
    store.beaten.clear()
    until(lambda: healthy in store.beaten)
    assert executor.is_alive


def test_stopping_ends_every_run(store, start):
    first, second = queue(store), queue(store)
    executor = start()
    until(lambda: {first, second} <= store.beaten)
    executor.stop()
    found = [store.get(run) for run in (first, second)]
    assert [run.error.code for run in found] == ["service_stopped"] * 2


def test_a_run_whose_process_does_not_start_is_failed_at_once(store, start, monkeypatch):
    monkeypatch.setattr(Process, "startable", False)
    run = queue(store)
    executor = start()
    until(lambda: store.get(run).status is RunStatus.FAILED)
    assert store.get(run).error.code == "worker_lost"
    assert executor.is_alive


class Dying(Process):
    """A worker process that is killed at once."""

    exitcode = -9
    started = 0

    def start(self):
        type(self).started += bool(self.args)


def test_a_batch_that_loses_its_worker_is_taken_up_three_times_and_then_fails(
    store, start, monkeypatch
):
    monkeypatch.setattr(Dying, "started", 0)
    monkeypatch.setattr(Context, "Process", Dying)
    batch, cycle = queue(store, "new-data-score"), queue(store)
    start()
    until(lambda: all(store.get(run).status is RunStatus.FAILED for run in (batch, cycle)))
    assert Dying.started == 4 + 1
    failed = store.get(batch)
    assert (failed.error.code, len(failed.steps)) == ("worker_lost", 3)
    assert "SIGKILL" in failed.error.message
    assert "taken up 3 times" in failed.error.message
    assert store.get(cycle).steps == ()


def test_a_batch_goes_back_into_the_queue_when_the_service_stops(store, start):
    batch = queue(store, "new-data-score")
    executor = start()
    until(lambda: batch in store.beaten)
    executor.stop()
    assert (store.get(batch).status, store.get(batch).steps) == (RunStatus.QUEUED, ())
    store.beaten.clear()
    start()
    until(lambda: batch in store.beaten)


def test_a_batch_that_was_asked_to_stop_does_not_come_back(store, start):
    batch = queue(store, "new-data-score")
    executor = start()
    until(lambda: batch in store.beaten)
    store.request_cancel(batch)
    time.sleep(0.2)  # shorter than the grace, longer than a look
    executor.stop()
    assert store.get(batch).status is RunStatus.CANCELLED
