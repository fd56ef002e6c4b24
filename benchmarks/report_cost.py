"""What a verification report of a million labelled scores costs: seconds and resident memory.

Fills a ledger with scores and their labels, then makes the report in a process of its own:
join, statistics, page of HTML and storing, on at most two cores. Once per task. Prints one JSON
line; the figures beside those of a task are the worst of all.

    python -m benchmarks.report_cost [--rows 1000000] [--tasks binary,regression] [--url URL]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.harness.memory import peak_rss_mib
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.labels.store import SqlLabelStore
from crispml_core.adapters.sql.report_store import SqlReportStore
from crispml_core.adapters.sql.schema import migrate
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.adapters.timing.null import NullTimingLog
from crispml_core.domain.algorithms import Algorithm
from crispml_core.domain.fields import Field
from crispml_core.domain.labels import Label
from crispml_core.domain.scores import Encoding, ScoreGroup, ScoreRows, chain_root, new_group_id
from crispml_core.domain.targets import CostMatrix, Gate, Segment, Target
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.scoring import ScoringPipelines, ScoringStores
from crispml_core.reporting.pages import render_verification
from crispml_core.testing.fakes.model_registry import FakeModelRegistry

GROUP_ROWS = 50_000
LABELLED = 0.8
START = datetime(2026, 1, 1, tzinfo=UTC)
TARGETS = {
    "binary": Target("risk", "binary", ("good", "bad"), "bad"),
    "multiclass": Target("grade", "multiclass", ("a", "b", "c", "d")),
    "regression": Target("loss", "regression"),
}
SEGMENTS = {"sex": ("f", "m"), "age": ("under 25", "25 to 40", "40 to 60", "over 60", "missing")}


def use_case(task: str) -> UseCase:
    """Declare what a report asks for: two segments, for a binary target costs and a gate."""
    binary = task == "binary"
    return UseCase(
        name=task,
        target=TARGETS[task],
        record_key="id",
        fields=(Field("id", "string"), *(Field(name, "string") for name in SEGMENTS)),
        source=None,
        algorithms=(Algorithm(name="rule", curate=object, estimator=object),),
        segments=tuple(Segment(name) for name in SEGMENTS),
        cost_matrix=CostMatrix(false_positive=1.0, false_negative=5.0) if binary else None,
        gates=(Gate("auc", minimum=0.7),) if binary else (),
    )


def scored(task: str, rows: int, random: np.random.Generator) -> tuple[dict[str, Any], list[Any]]:
    """Return predictions of a model that knows the truth up to noise, and the truth."""
    if task == "regression":
        numbers = random.normal(100, 20, rows)
        columns = {"predictions": numbers.tolist(), "probabilities": [None] * rows}
        return columns, (numbers + random.normal(0, 5, rows)).tolist()
    classes = np.array(TARGETS[task].classes, dtype=object)
    if task == "binary":
        p = random.beta(2, 3, rows)
        decided, truth = p >= 0.4, random.random(rows) < p
        columns = {"predictions": classes[decided.astype(int)], "probabilities": p}
        return {name: found.tolist() for name, found in columns.items()}, classes[
            truth.astype(int)
        ].tolist()
    by_class = random.dirichlet(np.ones(4), rows)
    truth = (by_class.cumsum(axis=1) > random.random((rows, 1))).argmax(axis=1)
    return {
        "predictions": classes[by_class.argmax(axis=1)].tolist(),
        "probabilities": by_class.max(axis=1).tolist(),
        "by_class": [tuple(row) for row in by_class.tolist()],
    }, classes[truth].tolist()


def fill(url: str, task: str, rows: int) -> None:
    """Commit scores in groups of two versions, and label most of them."""
    migrate.upgrade(url)
    engine = make_engine(url)
    ledger, labels = SqlScoreLedger(engine), SqlLabelStore(engine)
    random, root = np.random.default_rng(0), bytes(32)
    segments = [
        json.dumps({"sex": sex, "age": age}) for sex in SEGMENTS["sex"] for age in SEGMENTS["age"]
    ]
    for sequence, first in enumerate(range(0, rows, GROUP_ROWS), start=1):
        count = min(GROUP_ROWS, rows - first)
        columns, truth = scored(task, count, random)
        group = ScoreGroup(
            group_id=new_group_id(),
            writer_id="benchmark",
            sequence=sequence,
            use_case=task,
            model=task,
            version="v1" if 2 * first < rows else "v2",
            alias="champion",
            created_at=START + timedelta(hours=sequence),
            classes=TARGETS[task].classes,
            scores=ScoreRows(
                record_keys=[f"R-{first + row:09d}" for row in range(count)],
                segments=[segments[code] for code in random.integers(0, len(segments), count)],
                request_ids=["benchmark"] * count,
                **columns,
            ),
            inputs=b"",
            encoding=Encoding.ROWS,
            row_digests=bytes(32 * count),
            root=chain_root(root, "benchmark", sequence, bytes(32 * count)),
            previous_root=root,
        )
        ledger.append([group])
        root = group.root
        seen = np.flatnonzero(random.random(count) < LABELLED).tolist()
        labels.add(
            task,
            [
                Label(
                    value=truth[row],
                    label_time=group.created_at + timedelta(days=1),
                    record_key=group.scores.record_keys[row],
                )
                for row in seen
            ],
        )
    engine.dispose()


class TimedLedger(SqlScoreLedger):
    """Says how long the join took."""

    join_s = 0.0

    def with_labels(self, *arguments: Any, **options: Any) -> pa.Table:
        """Return the scores with their labels."""
        began = time.perf_counter()
        found = super().with_labels(*arguments, **options)
        self.join_s = time.perf_counter() - began
        return found


def report(url: str, task: str, answers: SimpleQueue[dict[str, Any]]) -> None:
    """Make the report as the service does, and say what it took."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    engine = make_engine(url)
    ledger = TimedLedger(engine)
    pipelines = ScoringPipelines(
        {task: use_case(task)},
        ScoringStores(
            ledger=ledger,
            labels=SqlLabelStore(engine),
            reports=SqlReportStore(engine),
            registry=FakeModelRegistry(),
            timings=NullTimingLog(),
        ),
    )
    began, busy = time.perf_counter(), time.process_time()
    made = pipelines.report(task)
    ended, busy = time.perf_counter(), time.process_time() - busy
    page = render_verification(made.content)
    answers.put(
        {
            "rows": made.content["scored"],
            "labelled": made.content["labelled"],
            "report_s": round(ended - began, 2),
            "report_cpu_s": round(busy, 2),
            "join_s": round(ledger.join_s, 2),
            "page_s": round(time.perf_counter() - ended, 2),
            "page_kib": round(len(page) / 1024),
            "peak_rss_mib": round(peak_rss_mib()),
        }
    )


def measure(task: str, rows: int, url: str = "") -> dict[str, Any]:
    """Fill a ledger and make its report, each in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        url = url or f"sqlite:///{Path(folder) / 'scores.db'}"
        answers: SimpleQueue[dict[str, Any]] = context.SimpleQueue()
        for target, arguments in ((fill, (url, task, rows)), (report, (url, task, answers))):
            process = context.Process(target=target, args=arguments)
            process.start()
            process.join()
            if process.exitcode:
                raise SystemExit(f"{target.__name__} of {task} ended with {process.exitcode}")
        return answers.get()


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure every task, print one JSON line, and return it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--tasks", default=",".join(TARGETS))
    parser.add_argument("--url", default="", help="an empty database in place of an SQLite file")
    given = parser.parse_args(arguments)
    found = {task: measure(task, given.rows, given.url) for task in given.tasks.split(",")}
    result = {
        "report_s": max(figures["report_s"] for figures in found.values()),
        "peak_rss_mib": max(figures["peak_rss_mib"] for figures in found.values()),
        "tasks": found,
    }
    print(json.dumps(result))
    return result


if __name__ == "__main__":
    main()
