"""Imports of labels that are killed, race or are large: real processes, one SQLite file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from crispml_core.adapters.sql.databases.engine import make_engine, reading
from crispml_core.adapters.sql.labels.store import SqlLabelStore
from crispml_core.adapters.sql.schema.tables import label_imports, labels
from crispml_core.settings import CrispMLSettings

USE_CASE = f"{Path(__file__).parent / 'use_cases' / 'patience.py'}:patience"

# Imports a CSV file as the service does, and prints what became of it and the peak of its memory.
IMPORT = """
import json, sys, time
from pathlib import Path
from benchmarks.harness.memory import peak_rss_mib
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.databases.options import EngineOptions
from crispml_core.adapters.sql.labels.store import SqlLabelStore
from crispml_core.pipelines.scoring import ScoringPipelines, ScoringStores
from crispml_core.rest.formats.label_body import LabelBody
from crispml_core.testing.fakes.timing_log import FakeTimingLog
from crispml_core.use_cases.loader import load_use_case

url, file, reference, pause_after = sys.argv[1:5]
use_case = load_use_case(reference)
store = SqlLabelStore(make_engine(url, options=EngineOptions(busy_timeout_s=60)))
others = dict.fromkeys(("ledger", "reports", "registry"))
stores = ScoringStores(labels=store, timings=FakeTimingLog(), **others)


class Body(LabelBody):
    passes = 0

    def __iter__(self):
        Body.passes += 1
        for number, part in enumerate(super().__iter__()):
            if Body.passes == 2 and number == int(pause_after):
                print("half", flush=True)
                time.sleep(60)
            yield part


with open(file, "rb") as content:
    body = Body(content, "text/csv", use_case, max_rows=10**7, max_bytes=10**10)
    pipelines = ScoringPipelines({use_case.name: use_case}, stores)
    done = pipelines.label(use_case.name, body, idempotency_key=sys.argv[5] or None)
peak = peak_rss_mib()
print(json.dumps({"counts": done.counts, "import_id": done.import_id, "peak_mib": peak}))
"""
NEVER = "-1"


@pytest.fixture
def url(settings: CrispMLSettings) -> str:
    return settings.database.url.get_secret_value()


def start(url: str, file: Path, *, pause_after: str = NEVER, key: str = "") -> Any:
    command = [sys.executable, "-c", IMPORT, url, str(file), USE_CASE, pause_after, key]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def result(process: Any) -> dict[str, Any]:
    printed, _ = process.communicate(timeout=240)
    assert process.returncode == 0
    found: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return found


def write(path: Path, rows: int, label: str = "1", *, keys: int | None = None) -> Path:
    lines = (f"K-{row % (keys or rows):08d},{label}\n" for row in range(rows))
    path.write_text("record_key,label\n" + "".join(lines))
    return path


def stored(url: str) -> dict[str, int]:
    engine = make_engine(url)
    with reading(engine) as connection:
        counts = {
            "imports": select(func.count()).select_from(label_imports),
            "labels": select(func.count()).select_from(labels),
            "current": select(func.count(labels.c.current_subject)),
            "keys": select(func.count(func.distinct(labels.c.record_key))),
        }
        found = {name: connection.execute(query).scalar_one() for name, query in counts.items()}
    engine.dispose()
    return found


@pytest.mark.trial
def test_a_killed_import_leaves_nothing_and_can_be_repeated(url: str, tmp_path: Path) -> None:
    # More than is kept in memory, so that the file is read again while it is stored.
    file = write(tmp_path / "truth.csv", 140_000)
    killed = start(url, file, pause_after="1", key="k")
    try:
        assert killed.stdout.readline() == "half\n"
        assert stored(url) == {"imports": 0, "labels": 0, "current": 0, "keys": 0}
        os.kill(killed.pid, signal.SIGKILL)
    finally:
        killed.kill()
        killed.communicate()
    assert stored(url) == {"imports": 0, "labels": 0, "current": 0, "keys": 0}

    done = result(start(url, write(file, 2_000), key="k"))

    assert done["counts"]["unknown"] == 2_000
    assert stored(url) == {"imports": 1, "labels": 2_000, "current": 2_000, "keys": 2_000}
    assert result(start(url, file, key="k"))["import_id"] == done["import_id"]


def test_importers_at_once_leave_one_current_label_of_each_record(url: str, tmp_path: Path) -> None:
    files = [write(tmp_path / f"{n}.csv", 2_000, label) for n, label in enumerate("1101")]

    done = [result(process) for process in [start(url, file) for file in files]]

    found = stored(url)
    assert (found["imports"], found["current"], found["keys"]) == (4, 2_000, 2_000)
    total = {
        verdict: sum(each["counts"][verdict] for each in done) for verdict in done[0]["counts"]
    }
    assert total["unknown"] == 2_000
    assert total["superseded"] + total["duplicate"] == 6_000
    assert found["labels"] == 2_000 + total["superseded"]
    assert total["superseded"] >= 2_000


def test_memory_does_not_grow_with_the_file(url: str, tmp_path: Path) -> None:
    small = result(start(url, write(tmp_path / "small.csv", 1_000)))
    large = result(start(url, write(tmp_path / "large.csv", 60_000)))

    assert large["counts"]["unknown"] == 59_000
    assert large["peak_mib"] - small["peak_mib"] < 150
    assert stored(url)["current"] == 60_000


@pytest.mark.trial
def test_duplicates_are_that_many_verdicts_and_one_label_and_take_no_memory(
    url: str, tmp_path: Path
) -> None:
    small = result(start(url, write(tmp_path / "small.csv", 1_000, keys=1)))
    large = result(start(url, write(tmp_path / "large.csv", 250_000, keys=1)))

    assert (small["counts"]["unknown"], small["counts"]["duplicate"]) == (1, 999)
    assert large["counts"]["duplicate"] == 250_000
    assert large["peak_mib"] - small["peak_mib"] < 150
    assert stored(url) == {"imports": 2, "labels": 1, "current": 1, "keys": 1}


def test_verdicts_are_read_page_by_page(url: str, tmp_path: Path) -> None:
    done = result(start(url, write(tmp_path / "truth.csv", 25_000, keys=22_000)))
    engine = make_engine(url)

    pages = list(SqlLabelStore(engine).verdicts(done["import_id"]))

    engine.dispose()

    assert len(pages) > 1
    rows = [row for page in pages for row in page.to_pylist()]
    assert [row["row"] for row in rows] == list(range(25_000))
    assert [row["verdict"] for row in rows] == ["unknown"] * 22_000 + ["duplicate"] * 3_000
