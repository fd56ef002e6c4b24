"""Millions of records as batches: by two processes without a cluster, and by one of two workers.

Without a cluster two runs score a half each at the same time; on it one run scores both halves. So
the same cores are busy with the same rows in both. One of the workers is killed in the middle, and
another one takes its place, as in a Deployment. Both ways have a database of their own, and every
score is looked for then. Prints one JSON line; ``--write`` puts it into ``results/`` too.

    python -m benchmarks.dask_batch [--rows 10000000] [--quick] [--database sqlite] [--write]

Processor time is that of every process that takes part: the runs, the scheduler, all workers, the
start of the one that came later, and the database server. Rows per second of it, of one way against
the other, is what a core does on a cluster. PostgreSQL is Debian's, and its commits wait for the
disk. The number of rows is rounded up, so that both ways have the same chunks.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from benchmarks.harness.dask_programs import DaskPrograms
from benchmarks.harness.result import origin, write_result
from benchmarks.harness.usage import Usage, watched
from benchmarks.stores.servers import POSTGRESQL, SQLITE, Database, carry_aliases, databases
from crispml_core.adapters.sql.databases.engine import make_engine, reading
from crispml_core.bootstrap.batches import build_batches
from crispml_core.bootstrap.training import build
from crispml_core.cli.services import local_settings, make_stores
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.runs import Run, RunStatus
from crispml_core.logs import configure_logging
from crispml_core.pipelines.batches.requests import BatchJob
from crispml_core.runs.resuming import NEW_DATA_SCORE
from crispml_core.settings import CrispMLSettings

ROWS, QUICK_ROWS = 10_000_000, 200_000
NAME, CHUNK_ROWS, GROUP_ROWS = "dask_batch", 65_536, 1 << 20
NUMBERS, CHANNELS = ("amount", "price", "distance"), ("web", "shop", "phone")
# More than it takes, so that a leak shows and not a page more or less.
WORKER_MIB = 1024
_MADE_ANEW = ["score_id"]


def use_case(source: Path) -> dict[str, Any]:
    """Declare six columns, of which a logistic regression makes a score."""
    numbers = [{"name": name, "type": "number"} for name in NUMBERS]
    return {
        "name": NAME,
        "record_key": "order_id",
        "source": {"parquet": str(source)},
        "target": {"name": "label", "task": "binary", "values": ["no", "yes"], "positive": "yes"},
        "fields": [
            {"name": "order_id", "type": "string"},
            *numbers,
            {"name": "items", "type": "integer"},
            {"name": "channel", "type": "category", "values": list(CHANNELS)},
        ],
        "algorithms": {"logistic_regression": None},
    }


def orders(first: int, count: int) -> pa.Table:
    """Make the records from number `first` on."""
    random = np.random.default_rng(first)
    return pa.table(
        {
            "order_id": pa.array([f"O-{number:010d}" for number in range(first, first + count)]),
            **{name: random.normal(size=count).round(3) for name in NUMBERS},
            "items": random.integers(1, 9, count),
            "channel": pa.array(CHANNELS).take(pa.array(random.integers(0, 3, count))),
        }
    )


def write(path: str, start: int, rows: int) -> None:
    """Write a half; in a process of its own, because a row group is kept until it is full."""
    with pq.ParquetWriter(path, orders(0, 1).schema) as writer:
        for first in range(start, start + rows, GROUP_ROWS):
            count = min(GROUP_ROWS, start + rows - first)
            writer.write_table(orders(first, count), GROUP_ROWS)


def trained(folder: Path) -> str:
    """Make the stores, train a champion, and return its version."""
    table = orders(10**9, 5000)
    labels = np.where(table["amount"].to_numpy() > 0.3, "yes", "no")
    pq.write_table(table.append_column("label", pa.array(labels)), folder / "labelled.parquet")
    declared = folder / "use_case.yaml"
    declared.write_text(yaml.safe_dump(use_case(folder / "labelled.parquet"), sort_keys=False))
    named = local_settings(folder, [str(declared)])
    make_stores(named)
    os.environ.update(named | {"CRISPML_LOG__LEVEL": "WARNING"})
    settings = CrispMLSettings()
    configure_logging(settings.log, "benchmark")
    parts = build(settings)
    parameters = parts.training.check(NAME, "cycle", {"promote": True})
    result = parts.training.execute(_run("cycle", parameters))
    parts.close()
    return str(result["best"])


def _run(method: str, parameters: dict[str, Any]) -> Run:
    return Run(
        id=str(new_id()),
        use_case=NAME,
        method=method,
        status=RunStatus.QUEUED,
        parameters=parameters,
        created_at=utc_now(),
        timeout_s=7200.0,
    )


class Way:
    """One way to score the file, with a database of its own.

    Parameters
    ----------
    name : str
        Of the sink.
    """

    def __init__(self, name: str, folder: Path, database: Database, version: str) -> None:
        self.name, self._folder, self._database = name, folder, database
        self._version = version
        (folder / f".{name}").mkdir()
        self.url = database.url(folder / f".{name}")
        carry_aliases(f"sqlite:///{folder}/crispml.db", self.url)

    def settings(self) -> dict[str, str]:
        """Return what the way has for itself."""
        return {"CRISPML_DATABASE__URL": self.url, "CRISPML_BATCH__PATH": str(self._folder)}

    def score(
        self,
        sources: list[str],
        more: dict[str, str],
        roots: Callable[[], list[int]],
        meanwhile: Callable[[int], None],
    ) -> tuple[float, Usage]:
        """Execute a run for each source as the service does, all at once.

        Returns the seconds and what they used. The sinks are ``NAME-0`` and so on.
        """
        os.environ.update(self.settings() | {"CRISPML_BATCH__WORKERS": str(len(sources))} | more)
        batches = build_batches(CrispMLSettings())
        jobs = [
            BatchJob(
                parquet=source,
                sink=f"{self.name}-{number}",
                chunk_rows=CHUNK_ROWS,
                version=self._version,
                alias="champion",
            )
            for number, source in enumerate(sources)
        ]
        runs = [batches.runs.enqueue(_run(NEW_DATA_SCORE, job.parameters())).id for job in jobs]
        server = [] if self._database.server is None else [self._database.server]

        def everything() -> list[int]:
            # The fork server and below it the processes of the runs; this program only looks on.
            below = [child.pid for child in psutil.Process().children()]
            return [*(process.pid for process in _ours(below)), *server, *roots()]

        self._database.settle()
        work = self._folder / ".work"
        with watched(everything) as usage:
            began = time.perf_counter()
            batches.executor.start()
            while not all(batches.runs.get(run).status.is_final for run in runs):
                meanwhile(len(list(work.glob("*/out/part-*"))))
                time.sleep(0.1)
            seconds = time.perf_counter() - began
        batches.executor.stop()
        ended = [batches.runs.get(run) for run in runs]
        batches.close()
        for run in ended:
            if run.status is not RunStatus.SUCCEEDED:
                raise SystemExit(f"the run {run.status.value}: {run.error}")
        return seconds, usage


def _ours(pids: list[int]) -> Iterator[psutil.Process]:
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if any("forkserver" in word for word in process.cmdline()):
                yield process


class Killer:
    """Kills the first of two workers in the middle, and starts another one."""

    def __init__(self, cluster: DaskPrograms, chunks: int) -> None:
        self._cluster, self._at, self.killed_at = cluster, chunks // 2, -1

    def __call__(self, parts: int) -> None:
        """Hear how many parts are written."""
        if self.killed_at < 0 and parts >= self._at:
            self.killed_at = parts
            victim = self._cluster.workers[0]
            victim.kill()
            victim.wait()
            self._cluster.start_worker()


@contextmanager
def cluster(folder: Path, settings: dict[str, str]) -> Iterator[DaskPrograms]:
    """Start a scheduler and two workers, and give them when both are there."""
    from distributed import Client

    with DaskPrograms(folder, settings, f"{WORKER_MIB}MiB") as programs:
        for _ in range(2):
            programs.start_worker()
        with Client(programs.address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=120)
        yield programs


def in_ledger(url: str, rows: int) -> dict[str, int]:
    """Count what the ledger holds of so many records."""
    engine = make_engine(url)
    with reading(engine) as connection:
        stored, different = connection.exec_driver_sql(
            "SELECT count(*), count(DISTINCT record_key) FROM score_rows"
        ).one()
    engine.dispose()
    return {"in_ledger": stored, "doubled": stored - different, "lost": rows - different}


def differing_parts(halves: list[Path], whole: Path) -> int:
    """Count the files of scores that are not the same but for what is made anew each time."""
    one = [path for half in halves for path in sorted(half.glob("part-*"))]
    other = sorted(whole.glob("part-*"))
    different = sum(not _made(a).equals(_made(b)) for a, b in zip(one, other, strict=False))
    return different + abs(len(one) - len(other))


def _made(path: Path) -> pa.Table:
    return pq.read_table(path).drop_columns(_MADE_ANEW).replace_schema_metadata()


def measure(folder: Path, rows: int, database: Database) -> dict[str, Any]:
    """Score both ways, and hold them against each other."""
    version = trained(folder)
    half = -(-rows // (2 * CHUNK_ROWS)) * CHUNK_ROWS
    rows = 2 * half
    (folder / "orders").mkdir()
    halves = ["orders/0.parquet", "orders/1.parquet"]
    for number, name in enumerate(halves):
        writing = multiprocessing.get_context("spawn").Process(
            target=write, args=(str(folder / name), number * half, half)
        )
        writing.start()
        writing.join()

    alone = Way("alone", folder, database, version)
    here_s, here = alone.score(halves, {}, list, lambda parts: None)
    spread = Way("cluster", folder, database, version)
    with cluster(folder, dict(os.environ) | spread.settings()) as programs:
        killer = Killer(programs, -(-rows // CHUNK_ROWS))
        first = [process.pid for process in programs.workers]
        there_s, there = spread.score(
            ["orders"],
            {"CRISPML_COMPUTE__DASK_ADDRESS": programs.address},
            lambda: [programs.scheduler.pid, *(process.pid for process in programs.workers)],
            killer,
        )
        workers = first + [process.pid for process in programs.workers[len(first) :]]
    os.environ.pop("CRISPML_COMPUTE__DASK_ADDRESS", None)
    server = [] if database.server is None else [database.server]
    ratio = here.total_cpu_s / there.total_cpu_s
    return {
        "rows": rows,
        "database": database.name,
        "killed_at_part": killer.killed_at,
        "two_runs_rows_per_s": round(rows / here_s),
        "cluster_rows_per_s": round(rows / there_s),
        "two_runs_rows_per_cpu_s": round(rows / here.total_cpu_s),
        "cluster_rows_per_cpu_s": round(rows / there.total_cpu_s),
        "per_core_ratio": round(ratio, 3),
        "two_runs_cpu_s": _parts_of(here, {"database": server}),
        "cluster_cpu_s": _parts_of(
            there,
            {
                "scheduler": [programs.scheduler.pid],
                "killed_worker": workers[:1],
                "other_worker": workers[1:2],
                "late_worker": workers[2:],
                "database": server,
            },
        ),
        "in_time_ratio": round(here_s / there_s, 3),
        "worker_peak_mib": round(max(there.peak_mib.get(pid, 0.0) for pid in workers)),
        "two_runs_peak_mib": round(max(here.peak_mib.values())),
        **in_ledger(spread.url, rows),
        "differing_parts": differing_parts(
            [folder / "alone-0", folder / "alone-1"], folder / "cluster-0"
        ),
    }


def _parts_of(usage: Usage, parts: dict[str, list[int]]) -> dict[str, float]:
    """Return the processor time of programs by their name, and of the run, which is the rest."""
    spent = {name: usage.cpu_below(*roots) for name, roots in parts.items()}
    spent["run"] = usage.total_cpu_s - sum(spent.values())
    return {name: round(each, 1) for name, each in spent.items()}


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure, print one JSON line, and return it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS} rows")
    parser.add_argument("--database", choices=(POSTGRESQL, SQLITE), default=POSTGRESQL)
    parser.add_argument("--write", action="store_true", help="into results/dask_batch.json too")
    chosen = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="crispml-dask-batch-"))
    folder.chmod(0o755)  # the server is somebody else
    before = dict(os.environ)
    try:
        with databases(folder) as found:
            rows = QUICK_ROWS if chosen.quick else chosen.rows
            figures = measure(folder, rows, found[chosen.database])
    finally:
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(folder, ignore_errors=True)
    if chosen.write:
        write_result("dask_batch", {**origin(), "figures": figures})
    print(json.dumps(figures))
    return figures


if __name__ == "__main__":
    main()
