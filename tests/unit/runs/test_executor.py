"""Trouble with one run costs the others nothing."""

import time
from functools import partial

import pytest

from crispml_core.adapters.timing.hub import Hub
from crispml_core.adapters.timing.process import Process as Measured
from crispml_core.bootstrap.timings import tell_of_run
from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.runs import MethodTiming, Run, RunStatus
from crispml_core.runs import executor as module
from crispml_core.runs.executor import RunExecutor
from crispml_core.testing.fakes.run_store import FakeRunStore
from crispml_core.testing.fakes.timing_log import FakeTimingLog


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

    def run(on_end=None):
        options = {"sweep": lambda: None, "workers": 2, "heartbeat_s": 0.0, "poll_s": 0.01}
        made.append(RunExecutor(store, print, ("cycle", "new-data-score"), **options))
        if on_end is not None:
            made[-1].watch(on_end)
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


def step(method, status=RunStatus.SUCCEEDED, rows=0):
    return MethodTiming(method=method, status=status, started_at=utc_now(), seconds=1.5, rows=rows)


class Ending(Process):
    """A worker process that does two methods of its run, and ends or is killed in the third."""

    store, killed = None, False

    def start(self):
        if self.args:
            run, owner = self.args
            steps = (step("data-ingestion", rows=7), step("model-training", RunStatus.FAILED))
            self.store.progress(run, owner, 50.0, "model-report", steps)
            if not self.killed:
                self.store.finish(run, owner, RunStatus.FAILED)
            self.exitcode = -9 if self.killed else 0


@pytest.mark.parametrize("killed", [False, True])
def test_the_methods_of_a_run_are_told_once_when_its_process_has_ended(
    store, start, monkeypatch, killed
):
    monkeypatch.setattr(Ending, "store", store)
    monkeypatch.setattr(Ending, "killed", killed)
    monkeypatch.setattr(Context, "Process", Ending)
    hub, log = Hub(Measured(), slow_run_s=1.0), FakeTimingLog()
    hub.add(log)
    runs = [queue(store), queue(store)]
    executor = start(partial(tell_of_run, hub))
    until(lambda: len(log.exited) == 4)
    executor.stop()
    assert all(store.get(run).status is RunStatus.FAILED for run in runs)
    told = [(call.method, call.use_case, call.outcome, call.rows) for call in log.exited]
    one = [("data-ingestion", "toy", "ok", 7), ("model-training", "toy", "error", 0)]
    assert told == one * 2
    assert {(call.seconds, call.is_slow) for call in log.exited} == {(1.5, True)}


def test_a_run_that_is_taken_up_again_is_told_without_what_was_told_before(
    store, start, monkeypatch
):
    monkeypatch.setattr(Dying, "started", 0)
    monkeypatch.setattr(Context, "Process", Dying)
    hub, log = Hub(Measured()), FakeTimingLog()
    hub.add(log)
    batch = queue(store, "new-data-score")
    executor = start(partial(tell_of_run, hub))
    until(lambda: store.get(batch).status is RunStatus.FAILED)
    executor.stop()
    told = [(call.method, call.outcome) for call in log.exited]
    assert told == [("new-data-score", "error")] * 3
