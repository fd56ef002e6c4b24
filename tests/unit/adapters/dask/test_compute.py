"""Parts are computed on workers, in order, each to its end, whoever is lost meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from distributed import LocalCluster
from joblib import Parallel, delayed

from crispml_core.adapters.dask import DaskCompute
from crispml_core.adapters.local_compute import LocalCompute
from crispml_core.domain.errors import InvalidRecords, RunCancelled, StoreUnavailable
from tests.clusters import local_cluster
from tests.unit.adapters.dask import tasks


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with local_cluster(2) as started:
        yield started


@pytest.fixture
def compute(cluster: LocalCluster) -> DaskCompute:
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


def test_joblib_computes_on_the_cluster_in_order(compute: DaskCompute):
    with compute.folds():
        found = list(
            Parallel(return_as="generator")(delayed(tasks.process_of)(n) for n in range(9))
        )
    assert [number for number, process in found] == list(range(9))
    assert len({process for number, process in found}) == 2
