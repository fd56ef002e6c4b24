"""A queue of runs in memory."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from crispml_core.domain.errors import Conflict, NotFound
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.lost_runs import after_loss
from crispml_core.domain.runs import MethodTiming, Run, RunError, RunStatus
from crispml_core.testing.fakes.idempotency import Answers


class FakeRunStore:
    """Runs with leases, in one process.

    Parameters
    ----------
    clock : callable
        Returns the current moment in UTC.
    """

    def __init__(self, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._runs: dict[str, Run] = {}
        self._answers: Answers[str] = Answers()
        self._exclusive: dict[str, str] = {}
        # Owner, last heartbeat, end of the lease.
        self._leases: dict[str, tuple[str, datetime, datetime]] = {}

    def enqueue(
        self,
        run: Run,
        *,
        exclusive_key: str | None = None,
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> Run:
        """Store a queued run, or return the one its idempotency key made before."""
        scope = (run.use_case, run.method)
        with self._lock:
            earlier = self._answers.find(scope, idempotency_key, fingerprint)
            if earlier is not None:
                return self._runs[earlier]
            if exclusive_key in self._exclusive:
                live = self._exclusive[exclusive_key]
                raise Conflict(f"run {live} is not finished yet: wait for it or cancel it")
            if run.id in self._runs:
                raise Conflict("a run with this id is stored already")
            self._runs[run.id] = run
            self._answers.keep(scope, idempotency_key, fingerprint, run.id)
            if exclusive_key is not None:
                self._exclusive[exclusive_key] = run.id
            return run

    def replay(
        self, use_case: str, method: str, idempotency_key: str, fingerprint: str
    ) -> Run | None:
        """Return what a key made, or None; raise `Conflict` when the fingerprint differs."""
        with self._lock:
            found = self._answers.find((use_case, method), idempotency_key, fingerprint)
            return None if found is None else self._runs[found]

    def lease(self, owner: str, lease_s: float, methods: tuple[str, ...]) -> Run | None:
        """Take the oldest queued run of these methods and mark it running, or return None."""
        with self._lock:
            for run_id, run in sorted(self._runs.items()):
                if run.status is RunStatus.QUEUED and run.method in methods:
                    now = self._clock()
                    self._leases[run_id] = (owner, now, now + timedelta(seconds=lease_s))
                    return self._change(run_id, status=RunStatus.RUNNING, started_at=now)
            return None

    def heartbeat(self, run_id: str, owner: str, lease_s: float) -> bool:
        """Renew the lease; False when the run is not the owner's any more."""
        with self._lock:
            if not self._owns(run_id, owner):
                return False
            now = self._clock()
            self._leases[run_id] = (owner, now, now + timedelta(seconds=lease_s))
            return True

    def holds(self, run_id: str, owner: str) -> bool:
        """Whether the run is the owner's to go on with: running, and not asked to stop."""
        with self._lock:
            return self._owns(run_id, owner) and not self._runs[run_id].cancel_requested

    def progress(
        self, run_id: str, owner: str, percent: float, stage: str, steps: tuple[MethodTiming, ...]
    ) -> None:
        """Note how far the run is; without effect when the run is not the owner's."""
        with self._lock:
            if self._owns(run_id, owner):
                self._change(run_id, percent=percent, stage=stage, steps=steps)

    def finish(
        self,
        run_id: str,
        owner: str,
        status: RunStatus,
        *,
        result: dict[str, Any] | None = None,
        error: RunError | None = None,
    ) -> bool:
        """End the run and free its exclusive key; False when it is not the owner's any more."""
        if not status.is_final:
            raise ValueError("a run ends with a final status")
        with self._lock:
            if not self._owns(run_id, owner):
                return False
            self._end(run_id, status, result=result or {}, error=error)
            if status is RunStatus.SUCCEEDED:
                self._change(run_id, percent=100.0)
            return True

    def request_cancel(self, run_id: str) -> Run:
        """Ask a run to stop; a queued one is cancelled at once, a final one stays as it is."""
        with self._lock:
            run = self.get(run_id)
            if run.status is RunStatus.QUEUED:
                return self._end(run_id, RunStatus.CANCELLED)
            if run.status is RunStatus.RUNNING:
                return self._change(run_id, cancel_requested=True)
            return run

    def requeue(self, run_id: str, owner: str) -> bool:
        """Put a run back into the queue; False when it is not the owner's any more."""
        with self._lock:
            if not self._owns(run_id, owner):
                return False
            self._leases.pop(run_id)
            self._change(run_id, status=RunStatus.QUEUED)
            return True

    def lose(self, run_id: str, owner: str, error: RunError, *, again: int = 0) -> Run | None:
        """Note that the worker of a run is gone; None when it is not the owner's any more."""
        with self._lock:
            if not self._owns(run_id, owner):
                return None
            return self._put(after_loss(self._runs[run_id], error, self._clock(), again))

    def lose_expired(self, again: Mapping[str, int]) -> list[Run]:
        """Do what `lose` does with every running run whose lease has expired, and return them."""
        with self._lock:
            now = self._clock()
            expired = sorted(run_id for run_id, lease in self._leases.items() if lease[2] < now)
            runs = [self._runs[run_id] for run_id in expired]
            return [
                self._put(after_loss(run, self._lost(run), now, again.get(run.method, 0)))
                for run in runs
            ]

    def get(self, run_id: str) -> Run:
        """Return the run, or raise `NotFound`."""
        with self._lock:
            if run_id not in self._runs:
                raise NotFound("run")
            return self._runs[run_id]

    def find(
        self,
        *,
        use_case: str | None = None,
        methods: Collection[str] | None = None,
        status: RunStatus | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[Run]:
        """Return runs of these methods, newest first, older than the run `before`."""
        with self._lock:
            found = [
                run
                for run in self._runs.values()
                if use_case in (None, run.use_case)
                and (methods is None or run.method in methods)
                and status in (None, run.status)
                and (before is None or run.id < before)
            ]
        return sorted(found, key=lambda run: run.id, reverse=True)[:limit]

    def counts(self) -> dict[tuple[str, RunStatus], int]:
        """Return how many runs there are, by method and status."""
        with self._lock:
            return dict(Counter((run.method, run.status) for run in self._runs.values()))

    def oldest_queued(self) -> datetime | None:
        """Return when the run was made that waits longest; None when none waits."""
        with self._lock:
            queued = [run for run in self._runs.values() if run.status is RunStatus.QUEUED]
        return min(queued, key=lambda run: run.id).created_at if queued else None

    def _owns(self, run_id: str, owner: str) -> bool:
        return run_id in self._leases and self._leases[run_id][0] == owner

    def _change(self, run_id: str, **values: Any) -> Run:
        self._runs[run_id] = replace(self._runs[run_id], **values)
        return self._runs[run_id]

    def _end(self, run_id: str, status: RunStatus, **values: Any) -> Run:
        self._leases.pop(run_id, None)
        self._exclusive = {key: held for key, held in self._exclusive.items() if held != run_id}
        return self._change(run_id, status=status, finished_at=self._clock(), **values)

    def _put(self, lost: Run) -> Run:
        if lost.status.is_final:
            self._end(lost.id, lost.status)
        self._leases.pop(lost.id, None)
        self._runs[lost.id] = lost
        return lost

    def _lost(self, run: Run) -> RunError:
        _, heard, until = self._leases[run.id]
        message = (
            f"the worker stopped answering: last heard of at {heard:%Y-%m-%dT%H:%M:%SZ}, "
            f"its lease ran out at {until:%Y-%m-%dT%H:%M:%SZ}; start the run again"
        )
        return RunError(code="worker_lost", message=message, step=run.stage or None)
