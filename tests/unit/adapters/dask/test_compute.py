"""Parts are computed on workers, in order, each to its end, whoever is lost meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
from distributed import LocalCluster
from joblib import Parallel, delayed

from crispml_core.adapters.dask import DaskCompute
from crispml_core.adapters.local_compute import LocalCompute
from crispml_core.domain.errors import InvalidRecords, RunCancelled, StoreUnavailable
from crispml_core.ports.compute import no_look
from tests.clusters import local_cluster
from tests.unit.adapters.dask import tasks


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with local_cluster(2) as started:
        yield started


@pytest.fixture
def compute(cluster: LocalCluster) -> DaskCompute:
    cluster.wait_for_workers(2, timeout=60)  # one may have been killed by the test before
    return DaskCompute(cluster.scheduler_address)


def test_results_come_in_the_order_of_their_parts_from_both_workers(compute: DaskCompute):
    found = list(compute.map(tasks.process_of, range(20)))
    assert [part for part, process in found] == list(range(20))
    assert len({process for part, process in found}) == 2
    assert list(LocalCompute().map(tasks.square, range(3))) == [0, 1, 4]


def test_only_a_few_parts_are_taken_before_their_results_are(compute: DaskCompute):
    taken: list[int] = []

    def parts() -> Iterator[int]:
        for part in range(100):
            taken.append(part)
            yield part

    results = compute.map(tasks.square, parts())
    assert next(results) == 0
    assert len(taken) == 4  # two for each worker
    results.close()
    assert len(taken) == 4


def test_what_a_task_raises_comes_back_as_it_was(compute: DaskCompute):
    results = compute.map(tasks.refuse_three, range(6))
    assert [next(results), next(results), next(results)] == [0, 1, 2]
    with pytest.raises(InvalidRecords) as caught:
        next(results)
    assert caught.value.problems[0].field == "age"
    assert caught.value.problems[0].row == 7


def test_who_waits_may_give_up(compute: DaskCompute):
    def look() -> None:
        raise RunCancelled("the run was cancelled on request")

    with pytest.raises(RunCancelled):
        list(compute.map(tasks.slow, [2], look=look))


def test_a_lost_worker_loses_nothing(compute: DaskCompute, tmp_path):
    mark = tmp_path / "died"
    parts = [(number, str(mark)) for number in range(30)]
    assert list(compute.map(tasks.die_once, parts)) == list(range(30))
    assert mark.exists()


def test_a_part_that_ends_every_worker_is_given_up(compute: DaskCompute):
    with pytest.raises(StoreUnavailable, match="ended every worker"):
        list(compute.map(tasks.die, [1]))


def test_a_cluster_that_is_not_there_is_named_by_its_setting():
    nowhere = DaskCompute("tcp://127.0.0.1:1", patience_s=0.5)
    with pytest.raises(StoreUnavailable, match="CRISPML_COMPUTE__DASK_ADDRESS"):
        list(nowhere.map(tasks.square, [1]))


def test_a_cluster_without_workers_says_so():
    with local_cluster(0) as empty:
        compute = DaskCompute(empty.scheduler_address, patience_s=0.5)
        with pytest.raises(StoreUnavailable, match="no worker"):
            list(compute.map(tasks.square, [1]))


def test_a_result_that_is_lost_with_its_worker_is_computed_again(
    compute: DaskCompute, cluster: LocalCluster
):
    """The first part is still computed when the worker that has the second one is killed."""
    killed: list[int] = []

    def kill() -> None:
        if killed:
            return
        for worker in cluster.scheduler.workers.values():
            if worker.has_what and not worker.processing:
                process = psutil.Process(cluster.workers[worker.name].pid)
                killed.append(process.pid)
                process.kill()

    assert list(compute.map(tasks.slow, [3, 0], look=kill)) == [3, 0]
    assert killed


def folds(compute: DaskCompute, task: Any, parts: Iterable[Any], look: Any = no_look) -> list[Any]:
    with (
        compute.folds(look),
        closing(Parallel(return_as="generator")(delayed(task)(part) for part in parts)) as found,
    ):
        return list(found)


def test_joblib_computes_on_the_cluster_in_order(compute: DaskCompute):
    found = folds(compute, tasks.process_of, range(9))
    assert [number for number, process in found] == list(range(9))
    assert os.getpid() not in {process for number, process in found}


def test_joblib_gets_what_a_task_raised(compute: DaskCompute):
    with pytest.raises(InvalidRecords) as caught:
        folds(compute, tasks.refuse_three, range(5))
    assert caught.value.problems[0].field == "age"


def test_who_waits_for_joblib_may_give_up_while_a_task_runs(compute: DaskCompute):
    def look() -> None:
        raise RunCancelled("the run was cancelled on request")

    start = time.monotonic()
    with pytest.raises(RunCancelled):
        folds(compute, tasks.slow, [4, 4], look)
    assert time.monotonic() - start < 4


def test_joblib_hears_of_a_task_that_ended_every_worker():
    with local_cluster(1) as fragile, pytest.raises(StoreUnavailable, match="ended every worker"):
        folds(DaskCompute(fragile.scheduler_address), tasks.die, [1])


def test_joblib_goes_on_when_a_worker_is_lost(compute: DaskCompute, tmp_path: Path):
    parts = [(number, str(tmp_path / "died")) for number in range(9)]
    assert folds(compute, tasks.die_once, parts) == list(range(9))
