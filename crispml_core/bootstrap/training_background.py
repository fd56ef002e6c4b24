"""What a training service does beside its API: it executes runs, sends messages, keeps the log."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial

import structlog

from crispml_core.adapters.volume.sweep import sweep
from crispml_core.bootstrap.database import for_a_run
from crispml_core.bootstrap.timings import tell_of_run
from crispml_core.bootstrap.training import TrainingParts, build
from crispml_core.bootstrap.webhook import build_deliverer
from crispml_core.domain.errors import CrispMLError, NotFound
from crispml_core.domain.runs import MONITORING_RUNS, TRAINING_RUNS
from crispml_core.logs import configure_logging
from crispml_core.runs.executor import RunExecutor
from crispml_core.runs.worker import work
from crispml_core.settings import CrispMLSettings

# What a worker process needs at once; imported by the fork server before the first run.
PRELOAD = (
    "crispml_core.bootstrap.training",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "matplotlib.figure",
    "matplotlib.backends.backend_svg",
)


class Background:
    """What a training service does beside its API.

    Evaluations have a worker of their own, so that they never wait for a training of hours.
    """

    def __init__(self, parts: TrainingParts) -> None:
        self._executors = (
            build_executor(parts),
            build_executor(parts, MONITORING_RUNS, workers=1, warm=False),
        )
        for executor in self._executors:
            executor.watch(partial(tell_of_run, parts.timings))
        self._deliverer = build_deliverer(parts.settings, parts.outbox)
        self._keeper = parts.keeper

    def start(self) -> None:
        """Start taking runs, sending messages and keeping the audit log."""
        self._keeper.start()
        for executor in self._executors:
            executor.start()
        if self._deliverer is not None:
            self._deliverer.start()

    def wake(self) -> None:
        """Look into the queue now."""
        for executor in self._executors:
            executor.wake()

    def stop(self) -> None:
        """Stop all of it."""
        for executor in self._executors:
            executor.stop()
        if self._deliverer is not None:
            self._deliverer.stop()
        self._keeper.stop()


def build_executor(
    parts: TrainingParts,
    methods: tuple[str, ...] = TRAINING_RUNS,
    *,
    workers: int | None = None,
    warm: bool = True,
) -> RunExecutor:
    """Build what executes runs of a training service."""
    settings = parts.settings
    return RunExecutor(
        parts.queue,
        _Worker(settings),
        methods,
        sweep=lambda: _sweep(parts),
        preload=PRELOAD,
        workers=workers or settings.runs.workers,
        warm=warm,
        lease_s=settings.runs.lease_s,
        heartbeat_s=settings.runs.heartbeat_s,
        poll_s=settings.runs.poll_s,
    )


@dataclass(frozen=True)
class _Worker:
    """The target of a worker process; carries the settings there."""

    settings: CrispMLSettings

    def __call__(self, run_id: str, owner: str) -> None:
        configure_logging(self.settings.log, "training")
        try:
            parts = build(for_a_run(self.settings), is_run=True)
        except CrispMLError as error:
            structlog.get_logger("crispml.runs").error(
                "worker_failed", run_id=run_id, error=error.message
            )
            sys.exit(1)  # the executor notes that the worker is lost
        try:
            work(parts.runs, run_id, owner, parts.execute)
        finally:
            parts.close()


def _sweep(parts: TrainingParts) -> None:
    """Remove what runs that ended left in the staging folder, and what nobody came back for."""
    root = parts.settings.registry.path

    def is_live(run_id: str) -> bool:
        try:
            return not parts.runs.get(run_id).status.is_final
        except NotFound:
            return False

    sweep(root, lambda run_id: not run_id or is_live(run_id), older_than_s=0)
    sweep(root, is_live)
    parts.uploads.remove_older_than(24 * 3600)
