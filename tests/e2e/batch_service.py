"""A scoring service in a process of its own that executes batches, and what they score."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.bootstrap.training import build
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.runs import Run, RunStatus
from crispml_core.settings import CrispMLSettings

USE_CASE = f"{Path(__file__).parent / 'use_cases' / 'patience.py'}:patience"
SCORE = "/api/v1/use-cases/patience/new-data-score"
ROWS, CHUNK = 8000, 100


def train(folder: Path, url: str) -> Path:
    """Give a database that has its tables, and a registry in a folder, a champion."""
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

    def __init__(
        self, folder: Path, url: str | None = None, more: Mapping[str, str] | None = None
    ) -> None:
        self.folder, self.url = folder, url or f"sqlite:///{folder}/crispml.db"
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)
        self.process: subprocess.Popen[bytes] | None = None
        source = json.dumps({"warehouse": f"sqlite:///{self.folder}/warehouse.db"})
        self.settings = {
            "CRISPML_USE_CASES": USE_CASE,
            "CRISPML_DATABASE__URL": self.url,
            "CRISPML_REGISTRY__PATH": f"{self.folder}/registry",
            "CRISPML_JOURNAL__PATH": f"{self.folder}/journal",
            "CRISPML_BATCH__PATH": f"{self.folder}/batches",
            "CRISPML_CONNECTIONS": source,
            "CRISPML_RUNS__LEASE_S": "2",
            "CRISPML_RUNS__HEARTBEAT_S": "0.3",
            "CRISPML_SERVER__PORT": str(self.port),
            **(more or {}),
        }

    def start(self) -> None:
        with (self.folder / "service.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "crispml_scoring"],
                env={**os.environ, **self.settings},
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
        # A cold start on a busy machine takes its time.
        until(lambda: self.parts(run) > before + more, 90)


def until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def records(first, seed=0):
    """Make records whose keys no other test has."""
    random = np.random.default_rng(seed)
    return pa.table({"id": np.arange(first, first + ROWS), "x": random.normal(size=ROWS).round(4)})


def keep(service, table, name):
    pq.write_table(table, service.folder / "batches" / name, row_group_size=700)


def check_complete(service, table, sink, chunk_rows=CHUNK):
    """Every record has one score in the sink and the same one in the ledger, and no other."""
    folder = service.folder / "batches"
    scores = pa.concat_tables(pq.read_table(file) for file in sorted(folder.glob(f"{sink}/part-*")))
    keys = [str(key) for key in table["id"].to_pylist()]
    assert scores["record_key"].to_pylist() == keys
    engine = make_engine(service.url)
    stored = SqlScoreLedger(engine).with_labels("patience", start=None, end=None)
    engine.dispose()
    stored = stored.filter(pc.is_in(stored["record_key"], pa.array(keys)))
    names = ["score_id", "record_key", "prediction", "probability"]
    # Several processes commit at once, so the ledger has them in another order.
    stored, written = stored.select(names).sort_by("score_id"), scores.select(names)
    assert stored.to_pylist() == written.sort_by("score_id").to_pylist()
    manifest = json.loads((folder / sink / "manifest.json").read_text())
    assert [part["rows"] for part in manifest["parts"]] == [chunk_rows] * (ROWS // chunk_rows)
    assert not (folder / ".work" / manifest["run_id"]).exists()
    return scores
