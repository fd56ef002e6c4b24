"""What accepts batches in the scoring service, and the worker process that executes one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog

from crispml_core.adapters.sql.databases.tracing import trace_statements
from crispml_core.adapters.sql.run_store import SqlRunStore
from crispml_core.adapters.volume.batch_store import VolumeBatchStore
from crispml_core.bootstrap.compute import open_compute
from crispml_core.bootstrap.database import for_a_run, open_for_runs
from crispml_core.bootstrap.parts import follow_clock
from crispml_core.bootstrap.timings import open_timings
from crispml_core.bootstrap.tracing import execute_traced, make_tracer
from crispml_core.domain.errors import CrispMLError, InvalidInput, NotFound
from crispml_core.domain.sources import SqlSource
from crispml_core.domain.use_case import UseCase
from crispml_core.logs import configure_logging
from crispml_core.pipelines.batches.requests import BatchJob, OpenQuery, check_batch
from crispml_core.ports.batch_store import BatchStore
from crispml_core.ports.run_store import RunStore
from crispml_core.ports.source import RecordSource
from crispml_core.runs.executor import RunExecutor
from crispml_core.runs.resuming import NEW_DATA_SCORE
from crispml_core.settings import CrispMLSettings
from crispml_core.use_cases.loader import load_use_cases

if TYPE_CHECKING:
    from crispml_core.runs.worker import Execute

# Nobody waits for the start of a very large batch: the process that takes it looks at once, and the
# others need not ask the database often.
_POLL_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Batches:
    """Accepts batches; `executor` executes them beside the API."""

    settings: CrispMLSettings
    runs: RunStore
    store: BatchStore
    executor: RunExecutor
    close: Callable[[], None]

    def check(self, use_case: UseCase, job: BatchJob) -> None:
        """Refuse a job that cannot be executed; see `check_batch` for the errors."""
        check_batch(use_case, job, self.store, _open_query(self.settings))


def build_batches(settings: CrispMLSettings) -> Batches:
    """Build what accepts and executes batches; nothing happens before its executor starts."""
    engine = open_for_runs(settings, "scoring")
    runs, store = SqlRunStore(engine), VolumeBatchStore(settings.batch.path)

    def is_live(run_id: str) -> bool:
        try:
            return not runs.get(run_id).status.is_final
        except NotFound:
            return False

    def sweep() -> None:
        store.sweep(is_live)

    executor = RunExecutor(
        runs,
        _Worker(settings),
        (NEW_DATA_SCORE,),
        sweep=sweep,
        workers=settings.batch.workers,
        lease_s=settings.runs.lease_s,
        heartbeat_s=settings.runs.heartbeat_s,
        poll_s=max(settings.runs.poll_s, _POLL_S),
        # A service that never gets a batch does not pay for another process.
        warm=False,
    )
    return Batches(
        settings=settings, runs=runs, store=store, executor=executor, close=engine.dispose
    )


@dataclass(frozen=True)
class _Worker:
    """The target of a worker process; carries the settings there."""

    settings: CrispMLSettings

    def __call__(self, run_id: str, owner: str) -> None:
        from crispml_core.runs.worker import work

        configure_logging(self.settings.log, "scoring")
        try:
            with _run_parts(self.settings, owner) as (runs, execute):
                work(runs, run_id, owner, execute)
        except CrispMLError as error:
            structlog.get_logger("crispml.runs").error(
                "worker_failed", run_id=run_id, error=error.message
            )
            sys.exit(1)  # the executor notes that the worker is lost


@contextmanager
def _run_parts(settings: CrispMLSettings, owner: str) -> Iterator[tuple[RunStore, Execute]]:
    """Build what the process of one run needs; heavy libraries are its business only."""
    from crispml_core.bootstrap.batch_parts import open_batch_parts
    from crispml_core.bootstrap.batch_tasks import batch_tasks
    from crispml_core.pipelines.batches.scoring import BatchScoring, BatchStores

    use_cases = load_use_cases(settings.use_cases, settings.environment)
    tracer = make_tracer(settings, "scoring")
    parts = open_batch_parts(for_a_run(settings), use_cases, "scoring")
    trace_statements(parts.engine, tracer)
    timings = open_timings(settings, "scoring", (parts.engine,), tracer, is_run=True)
    scoring = BatchScoring(
        parts.worker,
        BatchStores(
            batches=VolumeBatchStore(settings.batch.path),
            open_query=_open_query(settings),
            timings=timings,
            owner=owner,
            compute=open_compute(settings),
            tasks=partial(batch_tasks, settings),
        ),
    )
    stop_clock = follow_clock(settings)
    try:
        yield parts.runs, partial(execute_traced, tracer, scoring.execute)
    finally:
        stop_clock()
        timings.close()
        parts.close()
        tracer.close()


def _open_query(settings: CrispMLSettings) -> OpenQuery:
    """Return what opens a query through one of the named connections."""

    def open_query(use_case: UseCase, query: str, connection: str) -> RecordSource:
        # It loads pyarrow.
        from crispml_core.adapters.sources.sql.unlabelled import UnlabelledSqlSource

        if connection not in settings.connections:
            known = ", ".join(sorted(settings.connections)) or "none"
            raise InvalidInput(
                "source.sql.connection is not one that the setting CRISPML_CONNECTIONS names; "
                f"known: {known}"
            )
        declared = SqlSource(query=query, connection=connection)
        url = settings.connections[connection].get_secret_value()
        return UnlabelledSqlSource(use_case, declared, url)

    return open_query
