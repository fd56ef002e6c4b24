"""Batches in real processes: workers and services are killed, and no row is doubled or missing."""

from __future__ import annotations

import sqlite3

import numpy as np
import psutil
import pyarrow as pa
import pytest

from tests.e2e.batch_service import (
    CHUNK,
    ROWS,
    Service,
    check_complete,
    keep,
    records,
    train,
    until,
)
from tests.servers import upgraded


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A database and a registry with a champion."""
    folder = tmp_path_factory.mktemp("trained")
    return train(folder, upgraded(f"sqlite:///{folder}/crispml.db"))


@pytest.fixture(scope="module")
def service(trained):
    """One service for all tests; whoever ends it starts it again."""
    started = Service(trained)
    (trained / "batches").mkdir()
    started.start()
    yield started
    started.stop()
    started.client.close()


@pytest.mark.trial
def test_a_worker_that_is_killed_again_and_again_doubles_and_misses_no_row(service):
    table = records(1_000_000)
    keep(service, table, "killed.parquet")
    run = service.submit("killed").json()
    for number in (1, 2):
        service.wait_for_parts(run, 4)
        service.kill_worker()
        until(lambda number=number: len(service.run(run["id"])["steps"]) == number)
    ended = service.ended(run["id"])
    assert ended["status"] == "succeeded", ended["error"]
    assert ended["result"]["rows"] == ROWS
    assert [step["status"] for step in ended["steps"]] == ["failed"] * 2 + ["succeeded"]
    disturbed = check_complete(service, table, "killed")

    other = table.set_column(0, "id", pa.array(np.arange(ROWS)))
    keep(service, other, "undisturbed.parquet")
    again = service.ended(service.submit("undisturbed").json()["id"])
    assert again["result"]["version"] == ended["result"]["version"]
    undisturbed = check_complete(service, other, "undisturbed")
    assert undisturbed["probability"].equals(disturbed["probability"])


@pytest.mark.trial
def test_a_killed_service_leaves_a_batch_that_the_next_one_goes_on_with(service):
    table = records(2_000_000)
    keep(service, table, "left.parquet")
    run = service.submit("left").json()
    service.wait_for_parts(run, 5)
    children = service.kill()
    psutil.wait_procs(children, timeout=10)
    assert not [child for child in children if child.is_running()], "the worker outlived it"
    assert 5 < service.parts(run) < ROWS // CHUNK
    service.start()
    ended = service.ended(run["id"])
    assert ended["status"] == "succeeded", ended["error"]
    check_complete(service, table, "left")


@pytest.mark.trial
def test_a_stopped_service_puts_its_batch_back_and_the_next_one_goes_on(service):
    table = records(3_000_000)
    keep(service, table, "stopped.parquet")
    run = service.submit("stopped").json()
    service.wait_for_parts(run, 4)
    service.stop()
    assert service.parts(run) < ROWS // CHUNK
    service.start()
    ended = service.ended(run["id"])
    assert (ended["status"], len(ended["steps"])) == ("succeeded", 1)
    check_complete(service, table, "stopped")


def test_a_source_that_changed_while_nobody_looked_is_refused(service):
    keep(service, records(4_000_000), "changed.parquet")
    run = service.submit("changed").json()
    service.wait_for_parts(run, 4)
    keep(service, records(4_000_000, seed=1), "changed.parquet")
    service.kill_worker()
    failed = service.ended(run["id"])
    assert (failed["status"], failed["error"]["code"]) == ("failed", "conflict")
    assert "not those that the run began with" in failed["error"]["message"]
    assert not (service.folder / "batches" / "changed").exists()


def test_a_batch_is_cancelled_and_its_sink_is_free_again(service):
    keep(service, records(5_000_000), "cancelled.parquet")
    run = service.submit("cancelled").json()
    assert service.submit("cancelled").status_code == 409
    service.wait_for_parts(run, 3)
    service.client.post(f"/api/v1/runs/{run['id']}/cancel")
    ended = service.ended(run["id"], 10)
    assert (ended["status"], ended["error"]["code"]) == ("cancelled", "run_cancelled")
    again = service.submit("cancelled")
    assert again.status_code == 202
    service.client.post(f"/api/v1/runs/{again.json()['id']}/cancel")
    service.ended(again.json()["id"], 10)


def test_a_batch_that_takes_too_long_is_stopped_and_says_so(service):
    keep(service, records(6_000_000), "slow.parquet")
    run = service.submit("slow", timeout_s=0.2, chunk_rows=1).json()
    ended = service.ended(run["id"], 20)
    assert (ended["status"], ended["error"]["code"]) == ("failed", "run_timed_out")


def test_an_invalid_row_fails_the_batch_before_its_first_score(service):
    table = records(7_000_000)
    broken = table.set_column(1, "x", pa.array([*table["x"].to_pylist()[1:], None]))
    keep(service, broken, "invalid.parquet")
    ended = service.ended(service.submit("invalid").json()["id"])
    assert (ended["status"], ended["error"]["code"]) == ("failed", "invalid_records")
    assert [problem["row"] for problem in ended["error"]["problems"]] == [ROWS - 1]
    found = service.client.get("/api/v1/scores?record_key=7000000").json()
    assert found["items"] == []


def test_a_query_is_scored_from_the_rows_it_gave_once(service):
    """Rows that come and go in the database after the copy was made change nothing."""
    table = records(8_000_000)
    with sqlite3.connect(service.folder / "warehouse.db") as database:
        database.execute("CREATE TABLE orders (id INTEGER, x REAL)")
        rows = zip(table["id"].to_pylist(), table["x"].to_pylist(), strict=True)
        database.executemany("INSERT INTO orders VALUES (?, ?)", rows)
    query = {"query": "SELECT id, x FROM orders ORDER BY id", "connection": "warehouse"}
    run = service.submit("queried", source={"sql": query}).json()
    service.wait_for_parts(run, 3)
    with sqlite3.connect(service.folder / "warehouse.db") as database:
        database.execute("DELETE FROM orders")
    service.kill_worker()
    ended = service.ended(run["id"])
    assert ended["status"] == "succeeded", ended["error"]
    check_complete(service, table, "queried")


def test_a_query_that_would_write_is_refused(service):
    with sqlite3.connect(service.folder / "warehouse.db") as database:
        database.execute("CREATE TABLE kept (id INTEGER, x REAL)")
        database.execute("INSERT INTO kept VALUES (1, 1.0)")
    query = {"query": "DELETE FROM kept RETURNING id, x", "connection": "warehouse"}
    ended = service.ended(service.submit("written", source={"sql": query}).json()["id"])
    assert (ended["status"], ended["error"]["code"]) == ("failed", "invalid_input")
    with sqlite3.connect(service.folder / "warehouse.db") as database:
        assert database.execute("SELECT count(*) FROM kept").fetchone() == (1,)
