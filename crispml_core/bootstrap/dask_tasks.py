"""Tasks of training as they go to a worker: names and numbers, no code and no keys."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from crispml_core.adapters.volume.artefact_store import VolumeArtefactStore
from crispml_core.adapters.volume.dataset_store import VolumeDataSetStore
from crispml_core.adapters.volume.part_files import VolumePartFiles
from crispml_core.bootstrap.dask_worker import (
    NamedUseCase,
    worker_settings,
    worker_use_case,
    worker_use_cases,
)
from crispml_core.bootstrap.database import open_database
from crispml_core.bootstrap.parts import codec_of
from crispml_core.bootstrap.privacy import open_privacy
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.stores import PartStores, PartTask
from crispml_core.pipelines.workbench import Workbench
from crispml_core.settings import CrispMLSettings


@dataclass(frozen=True)
class SentTask:
    """A task that finds what it needs on the worker that it comes to.

    Parameters
    ----------
    use_case : NamedUseCase
        Whose data it is about.
    task : callable
        A function of a module of CrispML.
    job : hashable
        Ids and numbers that all parts have in common.
    """

    use_case: NamedUseCase
    task: PartTask[Any]
    job: Hashable

    def __call__(self, *part: Any) -> Any:
        """Return the result of a part."""
        return self.task(_bench(self.use_case, self.job), self.job, *part)


def sender(
    settings: CrispMLSettings,
) -> Callable[[UseCase, PartTask[Any], Hashable], Callable[..., Any]]:
    """Return what makes of a task for parts one that may be sent; see `TrainingStores`."""

    def send(use_case: UseCase, task: PartTask[Any], job: Hashable) -> SentTask:
        return SentTask(NamedUseCase.of(use_case, settings), task, job)

    return send


# One: with the next job a worker lets go of what it read for the one before.
@lru_cache(maxsize=1)
def _bench(named: NamedUseCase, job: Hashable) -> Workbench:
    return Workbench(worker_use_case(named), _stores())


@cache
def _stores() -> PartStores:
    settings = worker_settings()
    root = settings.registry.path
    # Without policies for its data sets a use case needs no keys here.
    masked = {name: each for name, each in worker_use_cases().items() if each.privacy.training}
    engine = open_database(settings, "training")
    return PartStores(
        datasets=VolumeDataSetStore(root),
        artefacts=VolumeArtefactStore(root),
        files=VolumePartFiles(root),
        codec=codec_of,
        privacy=open_privacy(settings, masked, engine, withholds=False),
    )
