"""Stores for one run that makes something to look at and not to keep."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

from crispml_core.adapters.local_compute import LocalCompute
from crispml_core.adapters.volume.artefact_store import VolumeArtefactStore
from crispml_core.adapters.volume.dataset_store import VolumeDataSetStore
from crispml_core.adapters.volume.model_registry import VolumeModelRegistry
from crispml_core.adapters.volume.publish import staging_path
from crispml_core.pipelines.scratch import OverlaidDataSets
from crispml_core.pipelines.stores import TrainingStores


def scratch_in(
    root: Path,
) -> Callable[[TrainingStores, str], AbstractContextManager[TrainingStores]]:
    """Return what lays scratch stores over others, in the staging folder of a registry.

    What a killed process leaves there is swept like everything else of its run.
    """

    @contextmanager
    def scratch(stores: TrainingStores, run_id: str) -> Iterator[TrainingStores]:
        folder = staging_path(root, run_id)
        try:
            yield replace(
                stores,
                datasets=OverlaidDataSets(VolumeDataSetStore(folder), stores.datasets),
                artefacts=VolumeArtefactStore(folder),
                models=VolumeModelRegistry(folder),
                # What lies here no worker of a cluster looks for.
                compute=LocalCompute(),
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    return scratch
