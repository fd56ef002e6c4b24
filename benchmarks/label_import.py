"""What an import of a million labels costs, and what joining them to a million scores costs.

Fills an SQLite ledger with scores, imports their labels from a CSV file as the service does,
imports the same file again (a million duplicates), and joins, each in a process of its own. Prints
one JSON line.

    python -m benchmarks.label_import [--rows 1000000]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any, cast

import numpy as np

from benchmarks.harness.memory import peak_rss_mib
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.labels.store import SqlLabelStore
from crispml_core.adapters.sql.schema import migrate
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.adapters.timing.null import NullTimingLog
from crispml_core.domain.algorithms import Algorithm
from crispml_core.domain.fields import Field
from crispml_core.domain.scores import (
    Encoding,
    ScoreGroup,
    ScoreRows,
    chain_root,
    new_group_id,
)
from crispml_core.domain.targets import Target
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.scoring import ScoringPipelines, ScoringStores
from crispml_core.rest.content import CSV
from crispml_core.rest.formats.label_body import LabelBody

GROUP_ROWS = 50_000
USE_CASE = UseCase(
    name="credit",
    target=Target("risk", "binary", ("good", "bad"), "bad"),
    record_key="id",
    fields=(Field("id", "string"),),
    source=None,
    algorithms=(Algorithm(name="rule", curate=object, estimator=object),),
)


def fill(url: str, file: Path, rows: int) -> None:
    """Commit scores under keys in no order, and write their labels in another one."""
    random = np.random.default_rng(1)
    migrate.upgrade(url)
    ledger, root = SqlScoreLedger(make_engine(url)), bytes(32)
    keys = random.permutation(rows)
    for sequence, start in enumerate(range(0, rows, GROUP_ROWS), start=1):
        some = keys[start : start + GROUP_ROWS]
        p = random.random(len(some))
        digests = bytes(32) * len(some)
        group = ScoreGroup(
            group_id=new_group_id(),
            writer_id="benchmark",
            sequence=sequence,
            use_case=USE_CASE.name,
            model=USE_CASE.name,
            version="v1",
            alias="champion",
            created_at=datetime.now(UTC),
            classes=("good", "bad"),
            scores=ScoreRows(
                record_keys=[f"K-{key:010d}" for key in some],
                predictions=["bad" if each > 0.5 else "good" for each in p],
                probabilities=p.tolist(),
                segments=['{"sex":"f"}'] * len(some),
                request_ids=["r"] * len(some),
            ),
            inputs=b"",
            encoding=Encoding.ARROW,
            row_digests=digests,
            root=chain_root(root, "benchmark", sequence, digests),
            previous_root=root,
        )
        root = group.root
        ledger.append([group])
    while ledger.index_keys(GROUP_ROWS).has_more:
        pass
    with file.open("w") as written:
        written.write("record_key,label\n")
        for key in random.permutation(rows):
            written.write(f"K-{key:010d},{'bad' if key % 3 else 'good'}\n")


def label(url: str, file: Path, rows: int) -> dict[str, Any]:
    """Import the file and return how many labels were new."""
    stores: dict[str, Any] = dict.fromkeys(("ledger", "reports", "registry"))
    pipelines = ScoringPipelines(
        {USE_CASE.name: USE_CASE},
        ScoringStores(labels=SqlLabelStore(make_engine(url)), timings=NullTimingLog(), **stores),
    )
    with file.open("rb") as content:
        body = LabelBody(content, CSV, USE_CASE, max_rows=rows, max_bytes=1 << 40)
        return {"accepted": pipelines.label(USE_CASE.name, body).counts["accepted"]}


def join(url: str, _file: Path, rows: int) -> dict[str, Any]:
    """Join and return how many scores have a label."""
    table = SqlScoreLedger(make_engine(url)).with_labels(USE_CASE.name, start=None, end=None)
    return {"labelled": rows - table["label"].null_count}


def _measured(step: Callable[..., dict[str, Any]], queue: SimpleQueue[Any], *given: Any) -> None:
    # Before the clock and the first look at memory: a service has loaded them too.
    for name in ("pyarrow.csv", "crispml_core.adapters.sql.joins.labelled_scores"):
        import_module(name)
    before, start, cpu = peak_rss_mib(), time.perf_counter(), time.process_time()
    found = step(*given)
    queue.put(
        found
        | {
            "seconds": round(time.perf_counter() - start, 2),
            "cpu_s": round(time.process_time() - cpu, 2),
            "peak_rss_mib": round(peak_rss_mib()),
            "grown_mib": round(peak_rss_mib() - before),
        }
    )


def alone(step: Callable[..., dict[str, Any]], *given: Any) -> dict[str, Any]:
    """Take a step in a process of its own; return what it found, and what it took."""
    context = multiprocessing.get_context("spawn")
    queue = context.SimpleQueue()
    process = context.Process(target=_measured, args=(step, queue, *given))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{step.__name__} ended with {process.exitcode}")
    return cast("dict[str, Any]", queue.get())


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure, print one JSON line, and return it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args(arguments).rows
    with tempfile.TemporaryDirectory() as name:
        given = f"sqlite:///{name}/crispml.db", Path(name) / "truth.csv", rows
        fill(*given)
        imported, again, joined = (alone(step, *given) for step in (label, label, join))
    if (imported["accepted"], again["accepted"], joined["labelled"]) != (rows, 0, rows):
        raise SystemExit("labels were lost or doubled")
    result = {
        "rows": rows,
        "import": imported,
        "duplicates": again,
        "join": joined,
        "import_grown_mib": max(imported["grown_mib"], again["grown_mib"]),
        "join_s": joined["seconds"],
        "join_peak_rss_mib": joined["peak_rss_mib"],
    }
    print(json.dumps(result))
    return result


if __name__ == "__main__":
    main()
