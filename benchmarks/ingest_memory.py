"""Peak memory of ingesting a large Parquet file through the training service.

Writes a file like the German credit data, ingests it over REST with digest, profile and publishing,
and watches the resident memory of every process of the service. Prints one JSON line.

    python -m benchmarks.ingest_memory [--rows 5000000]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from crispml_core.cli.services import PLANS, Services, local_settings, make_stores

CHUNK_ROWS = 100_000
# Large on purpose: whoever decodes a whole row group at once shows it here.
ROW_GROUP_ROWS = 500_000
NUMBERS = ("duration", "amount", "rate", "residence", "age", "credits", "dependents")
CATEGORIES = 13
VALUES = tuple(f"a value of the usual length, number {number}" for number in range(5))


def use_case(path: Path) -> dict[str, Any]:
    """Declare 22 columns: a key, seven integers, thirteen categories and the target."""
    numbers = [
        {"name": name, "type": "integer", "minimum": 0, "maximum": 100_000} for name in NUMBERS
    ]
    categories = [
        {"name": f"category_{number}", "type": "category", "values": list(VALUES)}
        for number in range(CATEGORIES)
    ]
    return {
        "name": "ingest_memory",
        "record_key": "application_id",
        "source": {"parquet": str(path)},
        "target": {"name": "risk", "task": "binary", "values": ["good", "bad"], "positive": "bad"},
        "fields": [{"name": "application_id", "type": "string"}, *numbers, *categories],
        "algorithms": {"logistic_regression": None},
    }


def rows(start: int, count: int) -> pa.RecordBatch:
    """Make the rows from `start` on."""
    random = np.random.default_rng(start)
    columns = {"application_id": pa.array([f"GC-{start + row:010d}" for row in range(count)])}
    for name in NUMBERS:
        columns[name] = pa.array(random.integers(0, 20_000, count))
    for number in range(CATEGORIES):
        codes = pa.array(random.integers(0, len(VALUES), count))
        columns[f"category_{number}"] = pa.array(VALUES).take(codes)
    columns["risk"] = pa.array(["good", "bad"]).take(pa.array(random.integers(0, 2, count)))
    return pa.record_batch(columns)


def write(path: str, total: int) -> None:
    """Write the file; in a process of its own, because a row group is kept until it is full."""
    with pq.ParquetWriter(path, rows(0, 1).schema) as writer:
        for start in range(0, total, ROW_GROUP_ROWS):
            group = min(ROW_GROUP_ROWS, total - start)
            parts = [
                rows(start + first, min(CHUNK_ROWS, group - first))
                for first in range(0, group, CHUNK_ROWS)
            ]
            writer.write_table(pa.Table.from_batches(parts), row_group_size=ROW_GROUP_ROWS)


class PeakMemory:
    """Watches the resident memory of all descendants of this process."""

    def __init__(self) -> None:
        self.peak_mib = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        this = psutil.Process(os.getpid())
        while not self._ended.wait(0.02):
            for child in this.children(recursive=True):
                try:
                    self.peak_mib = max(self.peak_mib, child.memory_info().rss / 2**20)
                except psutil.NoSuchProcess:
                    continue


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Write, ingest, print one JSON line, and return it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    total = parser.parse_args(arguments).rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        writer = multiprocessing.get_context("spawn").Process(
            target=write, args=(str(folder / "large.parquet"), total)
        )
        writer.start()
        writer.join()
        if writer.exitcode:
            raise SystemExit(f"writing the file ended with {writer.exitcode}")
        declared = folder / "use_case.yaml"
        declared.write_text(yaml.safe_dump(use_case(folder / "large.parquet"), sort_keys=False))
        settings = local_settings(folder, [str(declared)])
        make_stores(settings)
        with (
            Services(folder, settings, PLANS[:1]) as services,
            services.client() as client,
            PeakMemory() as memory,
        ):
            start = time.perf_counter()
            run = client.training.wait(client.training.start("ingest_memory", "data-ingestion", {}))
            seconds = time.perf_counter() - start
    result = {
        "rows": run.result["rows"],
        "seconds": round(seconds, 1),
        "peak_rss_mib": round(memory.peak_mib),
    }
    print(json.dumps(result))
    return result


if __name__ == "__main__":
    main()
