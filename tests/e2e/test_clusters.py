"""The training service with a cluster of real programs: the same versions, whoever is killed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from joblib import Parallel, delayed

from benchmarks.harness.dask_programs import DaskPrograms
from crispml_core.adapters.dask import DaskCompute
from crispml_core.cli.services import PLANS, Services, local_settings, make_stores
from crispml_core.client import CrispMLClient
from crispml_core.client.datasets import PARQUET
from crispml_core.client.errors import RunNotSucceeded
from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.runs import RunStatus
from crispml_core.domain.version_files import REPORT_FILE
from tests.unit.adapters.dask import tasks

pytestmark = pytest.mark.trial

USE_CASE = f"{Path(__file__).parent / 'use_cases' / 'searched.py'}:searched"
ROWS, FOLDS, TRIES = 140_000, 3, 4
SEARCH = {"kind": "grid", "folds": FOLDS}


def records() -> pa.Table:
    random = np.random.default_rng(0)
    x, z = random.normal(size=(2, ROWS))
    sure = 1 / (1 + np.exp(-1.5 * x))
    return pa.table(
        {
            "id": pa.array([f"R-{number:07d}" for number in range(ROWS)]),
            "x": x,
            "z": pa.array(z, mask=random.random(ROWS) < 0.01),
            "region": pa.array(np.where(z > 0, "north", "south")),
            "y": pa.array(np.where(random.random(ROWS) < sure, "yes", "no")),
        }
    )


class World:
    """Services on the same folders, one after the other, and what they made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = local_settings(folder, [USE_CASE])
        make_stores(self.settings)
        self.source = folder / "records.parquet"
        pq.write_table(records(), self.source)
        self.raw_id = ""

    def service(self, address: str | None = None) -> Services:
        more = {} if address is None else {"CRISPML_COMPUTE__DASK_ADDRESS": address}
        return Services(self.folder, self.settings | more, PLANS[:1])

    def start(self, client: CrispMLClient) -> str:
        return client.training.cycle("searched", dataset_id=self.raw_id, search=SEARCH).id

    def made(self, client: CrispMLClient, run_id: str) -> list[dict[str, Any]]:
        """Return what of the versions must be the same wherever they were made."""
        run = client.training.wait(client.training.run(run_id))
        assert run.status is RunStatus.SUCCEEDED, run.error
        return [self._facts(client, each["version"]) for each in run.result["versions"]]

    def _facts(self, client: CrispMLClient, name: str) -> dict[str, Any]:
        version = client.training.version("searched", name)
        folder = self.folder / "registry" / "models" / "searched" / name
        report = json.loads((folder / REPORT_FILE).read_bytes())
        return {
            "data": (version.lineage.raw, version.lineage.prepared, version.lineage.curated),
            "hyperparameters": version.hyperparameters,
            "threshold": version.threshold,
            "kpis": version.kpis,
            "conformal": version.conformal,
            "files": {
                file.name: file.sha256 for file in version.files if "report" not in file.name
            },
            "report": report | {"created_at": None},
        }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def here(world: World) -> list[dict[str, Any]]:
    """What one process makes."""
    with world.service() as services, services.client() as client:
        upload = client.training.upload("searched", world.source, content_type=PARQUET)
        world.raw_id = client.training.wait(upload).result["dataset_id"]
        return world.made(client, world.start(client))


@pytest.fixture(scope="module")
def cluster(world: World, here: list[dict[str, Any]]) -> Iterator[DaskPrograms]:
    with DaskPrograms(world.folder, world.settings) as programs:
        for _ in range(2):
            programs.start_worker()
        yield programs


@pytest.fixture(scope="module")
def client(world: World, cluster: DaskPrograms) -> Iterator[CrispMLClient]:
    with world.service(cluster.address) as services, services.client() as client:
        yield client


def wait_for(client: CrispMLClient, run_id: str, fold: int) -> str:
    """Return the stage of a run that is at a fold or further."""
    wanted = [f"search: fold {number} of" for number in range(fold, FOLDS * TRIES)]
    for _ in range(1200):
        run = client.training.run(run_id)
        if run.stage.startswith(tuple(wanted)):
            return run.stage
        assert not run.status.is_final, run.error
        time.sleep(0.05)
    raise AssertionError("the run did not come so far")


def test_a_cycle_on_a_cluster_makes_the_version_that_one_process_makes(world, here, client):
    assert len(here) == 2
    assert world.made(client, world.start(client)) == here


def test_a_worker_that_is_killed_in_the_middle_of_a_search_changes_nothing(
    world, here, client, cluster
):
    run_id = world.start(client)
    wait_for(client, run_id, 3)
    victim = cluster.workers.pop()
    victim.kill()
    victim.wait()
    assert not client.training.run(run_id).status.is_final
    assert world.made(client, run_id) == here
    cluster.start_worker()


def test_a_search_that_is_cancelled_stops_at_once_and_leaves_nothing(world, client):
    run_id = world.start(client)
    wait_for(client, run_id, 2)
    start = time.monotonic()
    client.training.cancel(run_id)
    with pytest.raises(RunNotSucceeded, match="cancelled on request"):
        client.training.wait(client.training.run(run_id))
    assert client.training.run(run_id).status is RunStatus.CANCELLED
    assert time.monotonic() - start < 10
    assert list((world.folder / "registry" / ".staging").iterdir()) == []


@pytest.mark.parametrize("way", ["map", "folds"])
def test_a_scheduler_that_is_lost_in_the_middle_is_named(tmp_path: Path, way: str):
    with DaskPrograms(tmp_path, {}) as programs:
        programs.start_worker()
        compute = DaskCompute(programs.address)
        looks: list[int] = []

        def look() -> None:
            looks.append(1)
            programs.scheduler.kill()

        with pytest.raises(StoreUnavailable, match="does not answer any more"):
            WAYS[way](compute, look)
        assert looks


def by_map(compute: DaskCompute, look: Callable[[], None]) -> None:
    list(compute.map(tasks.slow, [20], look=look))


def by_folds(compute: DaskCompute, look: Callable[[], None]) -> None:
    with (
        compute.folds(look),
        closing(Parallel(return_as="generator")([delayed(tasks.slow)(20)])) as found,
    ):
        list(found)


WAYS = {"map": by_map, "folds": by_folds}
