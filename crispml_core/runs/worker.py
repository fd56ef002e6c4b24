"""What the worker process of one run does."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import connection
from typing import Any

import msgspec
import structlog

from crispml_core.domain.errors import (
    CrispMLError,
    InvalidRecords,
    RunCancelled,
    RunTimedOut,
    trace_of,
)
from crispml_core.domain.runs import MethodTiming, Run, RunError, RunStatus
from crispml_core.ports.progress import RunProgress
from crispml_core.ports.run_store import RunStore

Execute = Callable[[Run, RunProgress], dict[str, Any]]

# How often progress is written and a wish to cancel is looked for.
LOOK_EVERY_S = 0.25

_log = structlog.get_logger("crispml.runs")


def work(store: RunStore, run_id: str, owner: str, execute: Execute) -> None:
    """Execute a leased run to its end and note how it ended.

    The lease is renewed by whoever started this process, because a library that keeps the
    interpreter busy for minutes must not look like a dead worker.

    Parameters
    ----------
    store : RunStore
        The queue.
    run_id : str
        The leased run.
    owner : str
        Holder of the lease; every write to the run goes through it.
    execute : callable
        Does the work and returns the result of the run.
    """
    run = store.get(run_id)
    structlog.contextvars.bind_contextvars(
        run_id=run.id, use_case=run.use_case, method=run.method, request_id=run.request_id
    )
    watch = _Watch(store, run, owner)
    follower = threading.Thread(target=watch.follow, daemon=True)
    follower.start()
    status, result, error = RunStatus.FAILED, None, None
    try:
        result = execute(run, watch)
        status = RunStatus.SUCCEEDED
    except RunCancelled as cancelled:
        status, error = RunStatus.CANCELLED, _error(cancelled, watch)
    except CrispMLError as known:
        error = _error(known, watch)
    except Exception as unforeseen:
        _log.error("run_failed", **trace_of(unforeseen))
        error = RunError(
            code="internal_error",
            message="the run failed for a reason of our own; the log has the details of this run",
            step=watch.failed_step,
        )
    watch.stop(follower)
    store.finish(run_id, owner, status, result=result, error=error)


class _Watch:
    """The progress of a run, written by a thread beside it, and a place to stop the run."""

    def __init__(self, store: RunStore, run: Run, owner: str) -> None:
        self._store, self._run, self._owner = store, run, owner
        self._deadline = time.monotonic() + run.timeout_s
        self._now: tuple[float, str, tuple[MethodTiming, ...]] = (0.0, "", ())
        self._written: object = None
        self._cancelled, self._ended = threading.Event(), threading.Event()

    def __call__(self, percent: float, stage: str, steps: tuple[MethodTiming, ...]) -> None:
        self._now = (percent, stage, steps)
        if self._cancelled.is_set():
            raise RunCancelled("the run was cancelled on request")
        if time.monotonic() > self._deadline:
            raise RunTimedOut(timeout_sentence(self._run))

    @property
    def failed_step(self) -> str | None:
        """The method that ended badly."""
        failed = [step.method for step in self._now[2] if step.status is RunStatus.FAILED]
        return failed[-1] if failed else None

    def follow(self) -> None:
        """Write progress and look for a wish to cancel, until the run ends."""
        parent = multiprocessing.parent_process()
        while not self._ended.wait(LOOK_EVERY_S):
            if parent is not None and connection.wait([parent.sentinel], timeout=0):
                os._exit(3)  # the service is gone: nobody renews the lease or hears of the end
            try:
                self._write()
                if self._store.get(self._run.id).cancel_requested:
                    self._cancelled.set()
            except CrispMLError as error:
                _log.warning("progress_not_written", run_id=self._run.id, error=error.message)

    def stop(self, follower: threading.Thread) -> None:
        """Write the last progress; the end of the run is noted also when that fails."""
        self._ended.set()
        follower.join()
        with suppress(CrispMLError):
            self._write()

    def _write(self) -> None:
        now = self._now
        if now is not self._written:
            self._store.progress(self._run.id, self._owner, *now)
            self._written = now


def _error(error: CrispMLError, watch: _Watch) -> RunError:
    problems: tuple[dict[str, Any], ...] = ()
    total = 0
    if isinstance(error, InvalidRecords):
        problems = tuple(msgspec.to_builtins(problem) for problem in error.problems)
        total = error.total
    step = watch.failed_step
    return RunError(
        code=error.code, message=error.message, step=step, problems=problems, total=total
    )


def timeout_sentence(run: Run) -> str:
    """Say that a run took too long."""
    return f"the run took longer than its timeout_s of {run.timeout_s:g}"
