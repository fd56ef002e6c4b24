"""A search on a cluster of two workers against the same search in one process.

    python -m benchmarks.dask_search [--rows 20000] [--rounds 3] [--write]

Method 4 with a random search, on the same curated data, in turns: folds one after the other in the
process of the run, and folds on two workers that are programs of their own on the same machine.
A fold has one thread in both; the final fit is in the process of the run in both, and counts. What
a worker reads from the volume counts too. Of each the fastest turn is taken: what else a machine
does only adds. The scores of all folds are compared bit by bit. Prints one JSON line; ``--write``
puts it into ``results/dask_search.json`` too.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from benchmarks.harness.dask_programs import DaskPrograms
from benchmarks.harness.result import origin, write_result
from crispml_core.bootstrap.training import TrainingParts, build
from crispml_core.cli.services import local_settings, make_stores
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.runs import Run, RunStatus
from crispml_core.logs import configure_logging
from crispml_core.settings import CrispMLSettings

NAME, ALGORITHM = "dask_search", "gradient_boosting"
NUMBERS = tuple(f"n{number}" for number in range(8))
CHANNELS = ("web", "shop", "phone")
WORKERS = 2
SEARCH = {"kind": "random", "folds": 4, "iterations": 31}


def use_case(source: Path) -> dict[str, Any]:
    """Declare ten columns, of which trees make a score."""
    return {
        "name": NAME,
        "record_key": "id",
        "source": {"parquet": str(source)},
        "target": {"name": "label", "task": "binary", "values": ["no", "yes"], "positive": "yes"},
        "fields": [
            {"name": "id", "type": "string"},
            *({"name": name, "type": "number"} for name in NUMBERS),
            {"name": "channel", "type": "category", "values": list(CHANNELS)},
        ],
        "algorithms": {ALGORITHM: None},
    }


def rows(count: int) -> pa.Table:
    """Make records whose label depends on two of the numbers together."""
    random = np.random.default_rng(0)
    numbers = {name: random.normal(size=count) for name in NUMBERS}
    sure = 1 / (1 + np.exp(-2 * numbers["n0"] * numbers["n1"] - numbers["n2"]))
    return pa.table(
        {
            "id": pa.array([f"R-{number:08d}" for number in range(count)]),
            **numbers,
            "channel": pa.array(CHANNELS).take(pa.array(random.integers(0, 3, count))),
            "label": pa.array(np.where(random.random(count) < sure, "yes", "no")),
        }
    )


def execute(parts: TrainingParts, method: str, **parameters: Any) -> dict[str, Any]:
    """Execute a run as its worker process does."""
    run = Run(
        id=str(new_id()),
        use_case=NAME,
        method=method,
        status=RunStatus.RUNNING,
        parameters=parts.training.check(NAME, method, parameters),
        created_at=utc_now(),
        timeout_s=3600.0,
    )
    return parts.training.execute(run)


def searched(parts: TrainingParts, curation_id: str) -> tuple[float, Any]:
    """Train with a search, and return the seconds and what was found."""
    start = time.perf_counter()
    result = execute(parts, "model-training", curation_id=curation_id, search=SEARCH)
    return time.perf_counter() - start, (result["search"], result["kpis"], result["threshold"])


def measure(folder: Path, count: int, rounds: int) -> dict[str, Any]:
    """Search in turns, here and on the cluster."""
    pq.write_table(rows(count), folder / "rows.parquet")
    declared = folder / "use_case.yaml"
    declared.write_text(yaml.safe_dump(use_case(folder / "rows.parquet"), sort_keys=False))
    named = local_settings(folder, [str(declared)]) | {"CRISPML_LOG__LEVEL": "WARNING"}
    make_stores(named)
    os.environ.update(named)
    configure_logging(CrispMLSettings().log, "benchmark")
    with DaskPrograms(folder, named) as cluster:
        for _ in range(WORKERS):
            cluster.start_worker()
        here = build(CrispMLSettings())
        there = build(CrispMLSettings(compute={"dask_address": cluster.address}))
        raw = execute(here, "data-ingestion")["dataset_id"]
        prepared = execute(there, "data-preparation", dataset_id=raw)["dataset_id"]
        curation = execute(here, "data-curation", dataset_id=prepared, algorithm=ALGORITHM)
        seconds: dict[str, list[float]] = {"here": [], "there": []}
        found = []
        for _ in range(rounds):
            for name, parts in (("here", here), ("there", there)):
                took, result = searched(parts, curation["curation_id"])
                seconds[name].append(took)
                found.append(result)
        here.close()
        there.close()
    local, remote = min(seconds["here"]), min(seconds["there"])
    return {
        "rows": count,
        "folds": len(found[0][0]) * SEARCH["folds"],
        "workers": WORKERS,
        "local_s": round(local, 2),
        "cluster_s": round(remote, 2),
        "speed_up": round(local / remote, 2),
        "differences": sum(result != found[0] for result in found),
        "turns": {name: [round(each, 2) for each in took] for name, took in seconds.items()},
    }


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure, print one JSON line, and return it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(arguments)
    # As a service and its runs have it: threads that wait do not burn the cores of others. It is
    # read when a library is loaded, so what is measured is a new process.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    alone = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    with tempfile.TemporaryDirectory() as folder, alone:
        figures = alone.submit(measure, Path(folder), given.rows, given.rounds).result()
    if given.write:
        write_result("dask_search", {**origin(), "figures": figures})
    print(json.dumps(figures))
    return figures


if __name__ == "__main__":
    main()
