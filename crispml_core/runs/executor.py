"""Takes queued runs and executes each in a worker process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess

import structlog

from crispml_core.domain.errors import CrispMLError, trace_of
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.runs import Run, RunError, RunStatus
from crispml_core.ports.run_store import RunStore
from crispml_core.runs.resuming import TAKEN_UP_AGAIN
from crispml_core.runs.worker import timeout_sentence

Target = Callable[[str, str], None]
OnEnd = Callable[[Run, Run], None]
"""Is told of a run as it was when a process took it, and as it is when that process ended."""

# How long a run may go on after it was asked to stop, before its process is killed.
GRACE_S = 2.0
_CANCELLED = "the run was cancelled on request"

_log = structlog.get_logger("crispml.runs")


@dataclass(slots=True)
class _Job:
    run: Run
    owner: str
    process: ForkServerProcess
    deadline: float
    beaten_at: float
    stop_after: float | None = None


class RunExecutor:
    """Executes queued runs, each in a process of its own, so that the API stays responsive.

    Parameters
    ----------
    store : RunStore
        The queue.
    target : callable
        Executes one run; called in the new process with the id of the run and the owner. Must be
        importable there.
    methods : tuple of str
        The runs that this service takes.
    sweep : callable
        Removes what dead runs left behind.
    preload : tuple of str
        Modules that the fork server imports once, so that a worker starts warm.
    workers : int
        How many runs execute at the same time.
    lease_s, heartbeat_s : float
        How long a lease lasts, and how often it is renewed while the process lives.
    poll_s : float
        Time between two looks into an empty queue.
    warm : bool
        Whether the fork server is started at once, so that the first run need not wait for it.
    """

    def __init__(
        self,
        store: RunStore,
        target: Target,
        methods: tuple[str, ...],
        *,
        sweep: Callable[[], None],
        preload: tuple[str, ...] = (),
        workers: int = 1,
        lease_s: float = 15.0,
        heartbeat_s: float = 3.0,
        poll_s: float = 0.2,
        warm: bool = True,
    ) -> None:
        self._store, self._target, self._methods, self._sweep = store, target, methods, sweep
        self._workers, self._poll_s, self._warm = workers, poll_s, warm
        self._lease_s, self._heartbeat_s = lease_s, heartbeat_s
        self._context: ForkServerContext = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(preload))
        self._jobs: list[_Job] = []
        self._on_end: OnEnd | None = None
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._loop, name="run-executor", daemon=True)
        self._name = f"{socket.gethostname()}:{os.getpid()}"

    def watch(self, on_end: OnEnd) -> None:
        """Tell somebody of each process that ended, once, from now on."""
        self._on_end = on_end

    def start(self) -> None:
        """Start taking runs."""
        self._thread.start()

    def wake(self) -> None:
        """Look into the queue now."""
        self._wake.set()

    def stop(self) -> None:
        """Stop taking runs and end those that are executing.

        Those that can go on later wait in the queue, the others are noted as failed.
        """
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def is_alive(self) -> bool:
        """Whether runs are being taken."""
        return self._thread.is_alive()

    def _loop(self) -> None:
        if self._warm:
            self._warm_up()
        looked_at = float("-inf")
        while not self._stopping.is_set():
            for job in list(self._jobs):
                with self._survived():
                    self._watch(job)
            with self._survived():
                if time.monotonic() - looked_at > self._lease_s / 3:
                    looked_at = time.monotonic()
                    self._give_up_expired()
            with self._survived():
                while len(self._jobs) < self._workers and self._take():
                    pass
            self._wake.wait(min(self._poll_s, 0.05) if self._jobs else self._poll_s)
            self._wake.clear()
        for job in self._jobs:
            with self._survived():
                self._leave(job)

    @staticmethod
    @contextmanager
    def _survived() -> Iterator[None]:
        """Log an error and go on: trouble with one run must not cost the others their lease."""
        try:
            yield
        except CrispMLError as error:
            _log.warning("queue_not_read", error=error.message)
        except Exception as unforeseen:
            _log.error("queue_failed", **trace_of(unforeseen))

    def _warm_up(self) -> None:
        warm = self._context.Process(target=_nothing, daemon=True)
        warm.start()
        warm.join()

    def _take(self) -> bool:
        owner = f"{self._name}:{new_id()}"
        run = self._store.lease(owner, self._lease_s, self._methods)
        if run is None:
            return False
        process = self._context.Process(target=self._target, args=(run.id, owner), daemon=True)
        try:
            process.start()
        except OSError:
            error = RunError(code="worker_lost", message="no worker process could be started")
            self._lose(run, owner, error)
            raise
        now = time.monotonic()
        self._jobs.append(_Job(run, owner, process, now + run.timeout_s, beaten_at=now))
        return True

    def _watch(self, job: _Job) -> None:
        if not job.process.is_alive():
            self._jobs.remove(job)
            self._bury(job)
        elif not self._keeps_lease(job):
            self._jobs.remove(job)
            self._kill(job)
        elif job.stop_after is not None:
            if time.monotonic() > job.stop_after:
                self._jobs.remove(job)
                self._end(job, "run_cancelled", _CANCELLED)
        elif time.monotonic() > job.deadline + GRACE_S:
            self._jobs.remove(job)
            self._end(job, "run_timed_out", timeout_sentence(job.run))
        elif self._store.get(job.run.id).cancel_requested:
            job.stop_after = time.monotonic() + GRACE_S

    def _keeps_lease(self, job: _Job) -> bool:
        """Renew the lease when it is time; False when it was given up as expired."""
        now = time.monotonic()
        if now - job.beaten_at < self._heartbeat_s:
            return True
        if not self._store.heartbeat(job.run.id, job.owner, self._lease_s):
            return False
        job.beaten_at = now  # not before: a heartbeat that failed is due at once
        return True

    def _bury(self, job: _Job) -> None:
        """Note what becomes of a run whose process ended without doing so itself."""
        code = job.process.exitcode or 0
        job.process.close()
        how = f"ended with exit code {code}"
        if code < 0:
            how = f"was killed by {signal.Signals(-code).name}"
            if -code == signal.SIGKILL:
                how += "; the usual reason is that the machine ran out of memory"
        error = RunError(code="worker_lost", message=f"the worker process of the run {how}")
        lost = self._lose(job.run, job.owner, error)
        self._tell(job)
        if lost:
            self._sweep()

    def _lose(self, run: Run, owner: str, error: RunError) -> bool:
        again = TAKEN_UP_AGAIN.get(run.method, 0)
        return self._store.lose(run.id, owner, error, again=again) is not None

    def _leave(self, job: _Job) -> None:
        """End the process of a run because the service stops."""
        if job.stop_after is not None:
            self._end(job, "run_cancelled", _CANCELLED)
        elif job.run.method in TAKEN_UP_AGAIN:
            self._kill(job)
            self._store.requeue(job.run.id, job.owner)
        else:
            self._end(job, "service_stopped", "the service was stopped; start the run again")

    def _end(self, job: _Job, code: str, message: str) -> None:
        """Kill the process of a run and note why."""
        self._kill(job)
        status = RunStatus.CANCELLED if code == "run_cancelled" else RunStatus.FAILED
        error = RunError(code=code, message=message)
        self._store.finish(job.run.id, job.owner, status, error=error)
        self._tell(job)
        self._sweep()

    def _tell(self, job: _Job) -> None:
        """Tell of a run whose process ended; that costs one look at it."""
        if self._on_end is not None:
            self._on_end(job.run, self._store.get(job.run.id))

    def _kill(self, job: _Job) -> None:
        """End the process of a run at once; the stores survive this by design."""
        job.process.kill()
        job.process.join()
        job.process.close()

    def _give_up_expired(self) -> None:
        for run in self._store.lose_expired(TAKEN_UP_AGAIN):
            _log.warning("run_lost_its_worker", run_id=run.id, status=run.status.value)
        self._sweep()


def _nothing() -> None:
    """Run nowhere: starting this process starts the fork server."""
