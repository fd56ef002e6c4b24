"""The queue of runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Protocol

from crispml_core.domain.runs import MethodTiming, Run, RunError, RunStatus


class RunStore(Protocol):
    """Runs as durable rows with leases.

    A worker owns a run while its lease lasts and renews it by `heartbeat`. Nobody but the owner
    changes a running run, until the lease has expired.
    """

    def enqueue(
        self,
        run: Run,
        *,
        exclusive_key: str | None = None,
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> Run:
        """Store a queued run.

        With an `idempotency_key` that is known for the same use case and method, the run it made is
        returned instead.

        Raises
        ------
        Conflict
            If a live run holds the same `exclusive_key` (the message names that run), or if the
            idempotency key came with another `fingerprint`.
        """
        ...

    def replay(
        self, use_case: str, method: str, idempotency_key: str, fingerprint: str
    ) -> Run | None:
        """Return what a key made, or None; raise `Conflict` when the fingerprint differs."""
        ...

    def lease(self, owner: str, lease_s: float, methods: tuple[str, ...]) -> Run | None:
        """Take the oldest queued run of these methods and mark it running, or return None."""
        ...

    def heartbeat(self, run_id: str, owner: str, lease_s: float) -> bool:
        """Renew the lease; False when the run is not the owner's any more."""
        ...

    def holds(self, run_id: str, owner: str) -> bool:
        """Whether the run is the owner's to go on with: running, and not asked to stop."""
        ...

    def progress(
        self, run_id: str, owner: str, percent: float, stage: str, steps: tuple[MethodTiming, ...]
    ) -> None:
        """Note how far the run is; without effect when the run is not the owner's."""
        ...

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
        ...

    def request_cancel(self, run_id: str) -> Run:
        """Ask a run to stop; a queued one is cancelled at once, a final one stays as it is."""
        ...

    def requeue(self, run_id: str, owner: str) -> bool:
        """Put a run back into the queue; False when it is not the owner's any more."""
        ...

    def lose(self, run_id: str, owner: str, error: RunError, *, again: int = 0) -> Run | None:
        """Note that the worker of a run is gone; None when it is not the owner's any more.

        The run is cancelled if somebody asked for that, queued again unless it was so `again` times
        already, and else failed with `error`.
        """
        ...

    def lose_expired(self, again: Mapping[str, int]) -> list[Run]:
        """Do what `lose` does with every running run whose lease has expired, and return them.

        `again` says by method how many times a run is queued again; 0 for those it does not name.
        """
        ...

    def get(self, run_id: str) -> Run:
        """Return the run, or raise `NotFound`."""
        ...

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
        ...

    def counts(self) -> dict[tuple[str, RunStatus], int]:
        """Return how many runs there are, by method and status."""
        ...

    def oldest_queued(self) -> datetime | None:
        """Return when the run was made that waits longest; None when none waits."""
        ...
