"""Batches in real processes: workers and services are killed, and no row is doubled or missing."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.schema import migrate
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.bootstrap.training import build
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.runs import Run, RunStatus
from crispml_core.settings import CrispMLSettings

USE_CASE = f"{Path(__file__).parent / 'use_cases' / 'patience.py'}:patience"
SCORE = "/api/v1/use-cases/patience/new-data-score"
ROWS, CHUNK = 8000, 100


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A database and a registry with a champion."""
    folder = tmp_path_factory.mktemp("trained")
    url = f"sqlite:///{folder}/crispml.db"
    migrate.upgrade(url)
    registry = {"path": folder / "registry"}
    facts = {"use_cases": USE_CASE, "database": {"url": url}, "registry": registry}
    parts = build(CrispMLSettings.model_validate(facts))
    run = Run(
        id=str(new_id()),
        use_case="patience",
        method="cycle",
        status=RunStatus.RUNNING,
        parameters=parts.training.check("patience", "cycle", {"promote": True}),
        created_at=utc_now(),
        timeout_s=60.0,
    )
    assert parts.training.execute(run)["promoted"]
    parts.close()
    return folder


class Service:
    """A scoring service in a process of its own, which can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        source = json.dumps({"warehouse": f"sqlite:///{self.folder}/warehouse.db"})
        settings = {
            "CRISPML_USE_CASES": USE_CASE,
            "CRISPML_DATABASE__URL": f"sqlite:///{self.folder}/crispml.db",
            "CRISPML_REGISTRY__PATH": f"{self.folder}/registry",
            "CRISPML_JOURNAL__PATH": f"{self.folder}/journal",
            "CRISPML_BATCH__PATH": f"{self.folder}/batches",
            "CRISPML_CONNECTIONS": source,
            "CRISPML_RUNS__LEASE_S": "2",
            "CRISPML_RUNS__HEARTBEAT_S": "0.3",
            "CRISPML_SERVER__PORT": str(self.port),
        }
        with (self.folder / "service.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "crispml_scoring"],
                env={**os.environ, **settings},
                stdout=log,
                stderr=log,
            )
        until(self._is_ready, 60)

    def _is_ready(self) -> bool:
        try:
            return self.client.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> list[psutil.Process]:
        """End the service without a word, and return the processes that it had started."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.wait()
        return children

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def kill_worker(self) -> None:
        """Kill the process that executes the batch: the child of the fork server."""
        for child in psutil.Process(self.process.pid).children():
            for worker in child.children():
                os.kill(worker.pid, signal.SIGKILL)

    def submit(self, name, *, source=None, chunk_rows=CHUNK, **changes):
        """Ask for a batch from ``<name>.parquet`` to the sink of the same name."""
        body = {
            "source": source or {"parquet": f"{name}.parquet"},
            "sink": {"parquet": name},
            "chunk_rows": chunk_rows,
        }
        return self.client.post(SCORE, json=body | changes)

    def run(self, run_id):
        return self.client.get(f"/api/v1/runs/{run_id}").json()

    def ended(self, run_id, seconds=90):
        until(lambda: self.run(run_id)["status"] in ("succeeded", "failed", "cancelled"), seconds)
        return self.run(run_id)

    def parts(self, run):
        """Return how many chunks are written; the sink itself is not to be seen yet."""
        return len(list((self.folder / "batches" / ".work" / run["id"]).glob("out/part-*")))

    def wait_for_parts(self, run, more):
        before = self.parts(run)
        until(lambda: self.parts(run) > before + more)


def until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def service(trained):
    """One service for all tests; whoever ends it starts it again."""
    started = Service(trained)
    (trained / "batches").mkdir()
    started.start()
    yield started
    started.stop()
    started.client.close()


def records(first, seed=0):
    """Make records whose keys no other test has."""
    random = np.random.default_rng(seed)
    return pa.table({"id": np.arange(first, first + ROWS), "x": random.normal(size=ROWS).round(4)})


def keep(service, table, name):
    pq.write_table(table, service.folder / "batches" / name, row_group_size=700)


def check_complete(service, table, sink):
    """Every record has one score in the sink and the same one in the ledger, and no other."""
    folder = service.folder / "batches"
    scores = pa.concat_tables(pq.read_table(file) for file in sorted(folder.glob(f"{sink}/part-*")))
    keys = [str(key) for key in table["id"].to_pylist()]
    assert scores["record_key"].to_pylist() == keys
    engine = make_engine(f"sqlite:///{service.folder}/crispml.db")
    stored = SqlScoreLedger(engine).with_labels("patience", start=None, end=None)
    engine.dispose()
    stored = stored.filter(pc.is_in(stored["record_key"], pa.array(keys)))
    names = ["score_id", "record_key", "prediction", "probability"]
    assert stored.select(names).to_pylist() == scores.select(names).to_pylist()
    manifest = json.loads((folder / sink / "manifest.json").read_text())
    assert [part["rows"] for part in manifest["parts"]] == [CHUNK] * (ROWS // CHUNK)
    assert not (folder / ".work" / manifest["run_id"]).exists()
    return scores


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
