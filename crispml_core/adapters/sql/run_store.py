"""Runs as rows with leases."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, func, insert, literal, select, update

from crispml_core.adapters.sql.databases.engine import reading, writing
from crispml_core.adapters.sql.databases.errors import ConstraintBroken
from crispml_core.adapters.sql.databases.retries import retried, retried_by_key
from crispml_core.adapters.sql.schema.idempotency import check_fingerprint, key_digest
from crispml_core.adapters.sql.schema.tables import runs
from crispml_core.domain.errors import Conflict, NotFound
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.lost_runs import after_loss
from crispml_core.domain.runs import MethodTiming, Run, RunError, RunStatus

_FIELDS = tuple(f.name for f in fields(Run))
_ATTEMPTS = 5
_AFTER_LOSS = ("stage", "steps", "error", "finished_at")
_UNOWNED: dict[str, Any] = {"owner": None, "lease_until": None}
_FREE: dict[str, Any] = {"exclusive_key": None}


class SqlRunStore:
    """The queue of runs in a SQL database; see `crispml_core.ports.run_store.RunStore`.

    Every change of a run is one UPDATE that also says in which state the run must be, so that of
    several processes exactly one succeeds and the others see that no row changed.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    clock : callable
        Returns the current moment in UTC. Leases are judged by the clocks of the processes: keep
        them within a small part of the lease of one another.
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def enqueue(
        self,
        run: Run,
        *,
        exclusive_key: str | None = None,
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> Run:
        """Store a queued run, or return the one its idempotency key made before."""
        again = retried if idempotency_key is None else retried_by_key
        return again(SqlRunStore._enqueue)(self, run, exclusive_key, idempotency_key, fingerprint)

    def _enqueue(
        self, run: Run, exclusive_key: str | None, idempotency_key: str | None, fingerprint: str
    ) -> Run:
        digest = key_digest((run.use_case, run.method), idempotency_key)
        values = {name: getattr(run, name) for name in _FIELDS} | {
            "status": run.status.value,
            "exclusive_key": exclusive_key,
            "idempotency_digest": digest,
            "fingerprint": fingerprint if digest else None,
        }
        for _ in range(_ATTEMPTS):
            earlier = self._known(digest, fingerprint)
            if earlier is not None:
                return earlier
            self._refuse_second(exclusive_key)
            try:
                with writing(self._engine) as connection:
                    connection.execute(insert(runs).values(values))
                return run
            except ConstraintBroken:
                continue  # somebody was quicker: look again who holds which key
        raise Conflict("a run with this id is stored already, or others keep taking its key")

    def replay(
        self, use_case: str, method: str, idempotency_key: str, fingerprint: str
    ) -> Run | None:
        """Return what a key made, or None; raise `Conflict` when the fingerprint differs."""
        return self._known(key_digest((use_case, method), idempotency_key), fingerprint)

    @retried
    def lease(self, owner: str, lease_s: float, methods: tuple[str, ...]) -> Run | None:
        """Take the oldest queued run of these methods and mark it running, or return None."""
        if not methods:
            return None
        queued = (
            select(runs.c.id)
            .where(runs.c.status == RunStatus.QUEUED.value, runs.c.method.in_(methods))
            .order_by(runs.c.id)
            .limit(1)
        )
        while True:
            with reading(self._engine) as connection:
                run_id = connection.execute(queued).scalar()
            if run_id is None:
                return None
            now = self._clock()
            taken = self._change(
                runs.c.id == run_id,
                runs.c.status == RunStatus.QUEUED.value,
                status=RunStatus.RUNNING.value,
                owner=owner,
                started_at=now,
                heartbeat_at=now,
                lease_until=now + timedelta(seconds=lease_s),
            )
            # Or nobody was told that it was committed: an owner takes only one run.
            if taken or self._is_there(*_owned(run_id, owner)):
                return self.get(run_id)

    def heartbeat(self, run_id: str, owner: str, lease_s: float) -> bool:
        """Renew the lease; False when the run is not the owner's any more."""
        now = self._clock()
        return self._change(
            *_owned(run_id, owner),
            heartbeat_at=now,
            lease_until=now + timedelta(seconds=lease_s),
        )

    def holds(self, run_id: str, owner: str) -> bool:
        """Whether the run is the owner's to go on with: running, and not asked to stop."""
        is_wanted = runs.c.cancel_requested == literal(False, runs.c.cancel_requested.type)
        return self._is_there(*_owned(run_id, owner), is_wanted)

    def progress(
        self, run_id: str, owner: str, percent: float, stage: str, steps: tuple[MethodTiming, ...]
    ) -> None:
        """Note how far the run is; without effect when the run is not the owner's."""
        self._change(*_owned(run_id, owner), percent=float(percent), stage=stage[:255], steps=steps)

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
        values: dict[str, Any] = {"result": result or {}, "error": error}
        if status is RunStatus.SUCCEEDED:
            values["percent"] = 100.0
        return self._change(*_owned(run_id, owner), **values, **self._final(status))

    def request_cancel(self, run_id: str) -> Run:
        """Ask a run to stop; a queued one is cancelled at once, a final one stays as it is."""
        this = runs.c.id == run_id
        queued = runs.c.status == RunStatus.QUEUED.value
        if not self._change(this, queued, **self._final(RunStatus.CANCELLED)):
            running = runs.c.status == RunStatus.RUNNING.value
            self._change(this, running, cancel_requested=True)
        return self.get(run_id)

    def requeue(self, run_id: str, owner: str) -> bool:
        """Put a run back into the queue; False when it is not the owner's any more."""
        return self._change(*_owned(run_id, owner), status=RunStatus.QUEUED.value, **_UNOWNED)

    def lose(self, run_id: str, owner: str, error: RunError, *, again: int = 0) -> Run | None:
        """Note that the worker of a run is gone; None when it is not the owner's any more."""
        lost = after_loss(self.get(run_id), error, self._clock(), again)
        return self.get(run_id) if self._put(lost, *_owned(run_id, owner)) else None

    @retried
    def lose_expired(self, again: Mapping[str, int]) -> list[Run]:
        """Do what `lose` does with every running run whose lease has expired, and return them."""
        now = self._clock()
        expired = (runs.c.status == RunStatus.RUNNING.value, runs.c.lease_until < now)
        with reading(self._engine) as connection:
            found = connection.execute(select(runs).where(*expired).order_by(runs.c.id)).all()
        changed = []
        for row in found:
            lost = after_loss(_run(row), _worker_lost(row), now, again.get(row.method, 0))
            # The worker may have renewed its lease since: the condition is checked once more.
            if self._put(lost, runs.c.id == row.id, *expired):
                changed.append(self.get(row.id))
        return changed

    @retried
    def get(self, run_id: str) -> Run:
        """Return the run, or raise `NotFound`."""
        with reading(self._engine) as connection:
            row = connection.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
        if row is None:
            raise NotFound("run")
        return _run(row)

    @retried
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
        if methods is not None and not methods:
            return []
        query = select(runs).order_by(runs.c.id.desc()).limit(limit)
        if use_case is not None:
            query = query.where(runs.c.use_case == use_case)
        if methods is not None:
            query = query.where(runs.c.method.in_(methods))
        if status is not None:
            query = query.where(runs.c.status == status.value)
        if before is not None:
            query = query.where(runs.c.id < before)
        with reading(self._engine) as connection:
            return [_run(row) for row in connection.execute(query)]

    @retried
    def counts(self) -> dict[tuple[str, RunStatus], int]:
        """Return how many runs there are, by method and status."""
        key = (runs.c.method, runs.c.status)
        query = select(*key, func.count()).group_by(*key)
        with reading(self._engine) as connection:
            return {
                (method, RunStatus(status)): int(number)
                for method, status, number in connection.execute(query)
            }

    @retried
    def oldest_queued(self) -> datetime | None:
        """Return when the run was made that waits longest: the first one of the index."""
        query = (
            select(runs.c.created_at)
            .where(runs.c.status == RunStatus.QUEUED.value)
            .order_by(runs.c.id)
            .limit(1)
        )
        with reading(self._engine) as connection:
            return connection.execute(query).scalar()

    def _known(self, digest: str | None, fingerprint: str) -> Run | None:
        if digest is None:
            return None
        query = select(runs).where(runs.c.idempotency_digest == digest)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        check_fingerprint(row.fingerprint, fingerprint)
        return _run(row)

    def _refuse_second(self, exclusive_key: str | None) -> None:
        if exclusive_key is None:
            return
        with reading(self._engine) as connection:
            live = connection.execute(
                select(runs.c.id).where(runs.c.exclusive_key == exclusive_key)
            ).scalar()
        if live is not None:
            raise Conflict(f"run {live} is not finished yet: wait for it or cancel it")

    def _put(self, lost: Run, *where: ColumnElement[bool]) -> bool:
        """Store what became of a run whose worker is gone."""
        kept = {name: getattr(lost, name) for name in _AFTER_LOSS}
        free = _FREE if lost.status.is_final else {}
        return self._change(*where, status=lost.status.value, **kept, **_UNOWNED, **free)

    @retried_by_key  # it says in which state the run must be, and what becomes of it
    def _change(self, *where: ColumnElement[bool], **values: Any) -> bool:
        with writing(self._engine) as connection:
            return connection.execute(update(runs).where(*where).values(values)).rowcount == 1

    @retried
    def _is_there(self, *where: ColumnElement[bool]) -> bool:
        with reading(self._engine) as connection:
            return connection.execute(select(runs.c.id).where(*where)).scalar() is not None

    def _final(self, status: RunStatus) -> dict[str, Any]:
        return {
            "status": status.value,
            "finished_at": self._clock(),
            "lease_until": None,
            **_FREE,
        }


def _owned(run_id: str, owner: str) -> tuple[ColumnElement[bool], ...]:
    return (
        runs.c.id == run_id,
        runs.c.owner == owner,
        runs.c.status == RunStatus.RUNNING.value,
    )


def _worker_lost(row: Row[Any]) -> RunError:
    return RunError(
        code="worker_lost",
        message=(
            f"the worker stopped answering: last heard of at {row.heartbeat_at:%Y-%m-%dT%H:%M:%SZ},"
            f" its lease ran out at {row.lease_until:%Y-%m-%dT%H:%M:%SZ}; start the run again"
        ),
        step=row.stage or None,
    )


def _run(row: Row[Any]) -> Run:
    values = {name: getattr(row, name) for name in _FIELDS}
    return Run(**values | {"status": RunStatus(row.status)})
