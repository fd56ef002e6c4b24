"""Batches on a cluster of real processes: whatever of it is killed, each record has one score."""

from __future__ import annotations

import time

import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from sqlalchemy import select

from benchmarks.harness.dask_programs import DaskPrograms
from crispml_core.adapters.sql.databases.engine import make_engine, reading
from crispml_core.adapters.sql.schema.tables import score_rows
from tests.databases import params
from tests.e2e.batch_service import (
    ROWS,
    Service,
    check_complete,
    keep,
    records,
    train,
    until,
)
from tests.servers import own_database, upgraded

pytestmark = pytest.mark.trial
# So many of them that there is a middle to kill something in.
CHUNK = 20


# On SQLite workers wait for each other: tests/containers/test_dask.py has a batch of it.
@pytest.fixture(scope="module", params=params("postgresql"))
def service(request, tmp_path_factory):
    """A service whose batches a cluster of two workers scores."""
    folder = tmp_path_factory.mktemp("cluster")
    url = upgraded(own_database("clusters"))
    train(folder, url)
    (folder / "batches").mkdir()
    started = Service(folder, url)
    with DaskPrograms(folder, started.settings) as cluster:
        started.settings["CRISPML_COMPUTE__DASK_ADDRESS"] = cluster.address
        started.cluster = cluster
        for _ in range(2):
            cluster.start_worker()
        started.start()
        yield started
        started.stop()
        started.client.close()


def alone(service, table, name):
    """Score the records in the process of the run, under other keys, and return the scores."""
    other = table.set_column(0, "id", pc.add(table["id"], 500_000))
    keep(service, other, f"{name}.parquet")
    here = Service(service.folder, service.url, {"CRISPML_JOURNAL__PATH": f"{service.folder}/j2"})
    service.stop()
    here.start()
    ended = here.ended(here.submit(name, chunk_rows=CHUNK).json()["id"])
    here.stop()
    here.client.close()
    service.start()
    assert ended["status"] == "succeeded", ended["error"]
    return check_complete(here, other, name, CHUNK)


def test_a_worker_that_is_killed_in_the_middle_doubles_and_misses_no_row(service):
    table = records(1_000_000)
    keep(service, table, "lost.parquet")
    run = service.submit("lost", chunk_rows=CHUNK).json()
    service.wait_for_parts(run, 4)
    victim = service.cluster.workers.pop()
    victim.kill()
    victim.wait()
    assert service.parts(run) < ROWS // CHUNK
    ended = service.ended(run["id"])
    service.cluster.start_worker()
    assert ended["status"] == "succeeded", ended["error"]
    assert ended["result"]["rows"] == ROWS
    assert [step["status"] for step in ended["steps"]] == ["succeeded"]
    disturbed = check_complete(service, table, "lost", CHUNK)

    undisturbed = alone(service, table, "alone")
    made_anew = ["score_id", "record_key"]
    assert disturbed.drop_columns(made_anew) == undisturbed.drop_columns(made_anew)


@pytest.mark.proof
def test_a_killed_driver_leaves_a_batch_that_the_next_one_goes_on_with(service):
    """What its workers still commit for it is found by those of its successor."""
    table = records(2_000_000)
    keep(service, table, "driven.parquet")
    run = service.submit("driven", chunk_rows=CHUNK).json()
    for number in (1, 2):
        service.wait_for_parts(run, 4)
        service.kill_worker()
        until(lambda number=number: len(service.run(run["id"])["steps"]) == number)
    ended = service.ended(run["id"])
    assert ended["status"] == "succeeded", ended["error"]
    assert [step["status"] for step in ended["steps"]] == ["failed"] * 2 + ["succeeded"]
    check_complete(service, table, "driven", CHUNK)


@pytest.mark.proof
def test_a_killed_service_leaves_a_batch_that_the_next_one_goes_on_with(service):
    table = records(3_000_000)
    keep(service, table, "left.parquet")
    run = service.submit("left", chunk_rows=CHUNK).json()
    service.wait_for_parts(run, 4)
    psutil.wait_procs(service.kill(), timeout=10)
    service.start()
    ended = service.ended(run["id"])
    assert ended["status"] == "succeeded", ended["error"]
    check_complete(service, table, "left", CHUNK)


def test_a_cancelled_batch_ends_at_once_and_nothing_more_is_scored(service):
    keep(service, records(4_000_000), "cancelled.parquet")
    run = service.submit("cancelled", chunk_rows=1).json()
    service.wait_for_parts(run, 10)
    began = time.monotonic()
    service.client.post(f"/api/v1/runs/{run['id']}/cancel")
    ended = service.ended(run["id"], 10)
    assert (ended["status"], ended["error"]["code"]) == ("cancelled", "run_cancelled")
    assert time.monotonic() - began < 5
    time.sleep(0.5)
    after = in_ledger(service, 4_000_000)
    assert 10 < after < ROWS
    time.sleep(1)
    # Each worker ends the chunk that it is at, which takes long when it loads the version for it.
    assert in_ledger(service, 4_000_000) <= after + len(service.cluster.workers)


def test_invalid_rows_fail_the_batch_before_its_first_score(service):
    table = records(5_000_000)
    values = table["x"].to_pylist()
    values[7], values[-1] = None, None
    keep(service, table.set_column(1, "x", pa.array(values)), "invalid.parquet")
    ended = service.ended(service.submit("invalid", chunk_rows=CHUNK).json()["id"])
    assert (ended["status"], ended["error"]["code"]) == ("failed", "invalid_records")
    assert [problem["row"] for problem in ended["error"]["problems"]] == [7, ROWS - 1]
    assert in_ledger(service, 5_000_000) == 0


def in_ledger(service, first):
    """Return how many scores there are for the records of a test."""
    engine = make_engine(service.url)
    with reading(engine) as connection:
        keys = connection.execute(select(score_rows.c.record_key)).scalars().all()
    engine.dispose()
    return sum(first <= int(key) < first + ROWS for key in keys)
