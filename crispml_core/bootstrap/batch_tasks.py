"""What a worker of a cluster does with a partition of a batch.

A worker has the settings, the volume and the database of the service, so a task brings names and
numbers only. It works for the process that holds the run, and stops when that does not any more.
"""

from __future__ import annotations

import atexit
from dataclasses import dataclass
from functools import cache

from crispml_core.bootstrap.batch_parts import BatchParts, open_batch_parts
from crispml_core.bootstrap.dask_worker import (
    NamedUseCase,
    worker_settings,
    worker_use_case,
    worker_use_cases,
)
from crispml_core.bootstrap.database import for_a_run
from crispml_core.bootstrap.parts import follow_clock
from crispml_core.domain.batches import BatchPart
from crispml_core.domain.errors import RunCancelled
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.batches.partitions import BatchTasks, Partition
from crispml_core.pipelines.batches.patience import patiently
from crispml_core.settings import CrispMLSettings
from crispml_core.tables.findings import Findings

# A worker does one thing at a time; another connection is for keys of data subjects.
_CONNECTIONS = 2


def batch_tasks(settings: CrispMLSettings, use_case: UseCase) -> BatchTasks:
    """Return what the workers do for a use case of this process."""
    named = NamedUseCase.of(use_case, settings)
    return BatchTasks(check=CheckPartition(named), score=ScorePartition(named))


@dataclass(frozen=True)
class CheckPartition:
    """Checks the records of a partition; see `BatchWorker.check`."""

    use_case: NamedUseCase

    def __call__(self, partition: Partition) -> Findings:
        """Return what is wrong with the records."""
        worker_use_case(self.use_case)
        parts, held = worker_batch_parts(), _Held(partition)
        held(0)
        return parts.worker.check(parts.runs.get(partition.run_id), partition, held)


@dataclass(frozen=True)
class ScorePartition:
    """Scores the chunks of a partition; see `BatchWorker.score`."""

    use_case: NamedUseCase

    def __call__(self, partition: Partition) -> list[BatchPart]:
        """Return the parts."""
        worker_use_case(self.use_case)
        parts, held = worker_batch_parts(), _Held(partition)
        held(0)
        return parts.worker.score(parts.runs.get(partition.run_id), partition, held)


@cache
def worker_batch_parts() -> BatchParts:
    """Return what this process scores with, built with its first partition."""
    settings = for_a_run(worker_settings())
    pool = {"pool_size": 1, "pool_overflow": _CONNECTIONS - 1}
    database = settings.database.model_copy(update=pool)
    settings = settings.model_copy(update={"database": database})
    parts = open_batch_parts(settings, worker_use_cases(), "worker")
    atexit.register(parts.close)
    atexit.register(follow_clock(settings))
    return parts


@dataclass(frozen=True)
class _Held:
    """Ends the work on a partition as soon as its run is not held any more by who sent it.

    While the database is away nobody can tell, and nothing could be committed: it waits as a chunk
    does.
    """

    partition: Partition

    def __call__(self, rows: int, stage: str = "") -> None:
        sent, runs = self.partition, worker_batch_parts().runs
        if not patiently(lambda: runs.holds(sent.run_id, sent.owner)):
            raise RunCancelled("the run is not executed any more by who sent this partition")
