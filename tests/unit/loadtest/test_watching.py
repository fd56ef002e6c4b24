"""The services of a load are watched: what they take, and whether it grows."""

from __future__ import annotations

import csv
import os
import time
from pathlib import Path

import pytest

from crispml_core.domain.errors import InvalidInput
from loadtest.thresholds import SOAK, judge, read_thresholds
from loadtest.watching import SAMPLES, Watch, Watched, figures_of


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    (tmp_path / "journal").mkdir()
    (tmp_path / "crispml.db").write_bytes(b"x" * 1000)
    me = os.getpid()
    return Watched(
        {"scoring": me, "training": me},
        {"database": tmp_path / "crispml.db", "journal": tmp_path / "journal"},
    )


def test_processes_files_and_what_lies_beside_them_are_measured(
    watched: Watched, tmp_path: Path
) -> None:
    (tmp_path / "crispml.db-wal").write_bytes(b"x" * 500)
    (tmp_path / "journal" / "0").mkdir()
    (tmp_path / "journal" / "0" / "entries").write_bytes(b"x" * 300)
    with Watch(watched, every_s=0.01) as watch, (tmp_path / "held").open("w"):
        deadline = time.monotonic() + 30
        while len(watch.rows) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
    row = watch.rows[-1]
    assert row["database_mib"] * 2**20 == 1500
    assert row["journal_mib"] * 2**20 == 300
    assert row["scoring_memory_mib"] > 10
    assert row["scoring_handles"] > 2
    assert row["scoring_threads"] >= 2
    watch.write(tmp_path)
    with (tmp_path / SAMPLES).open(newline="") as file:
        assert len(list(csv.DictReader(file))) == len(watch.rows)


def grown(watched: Watched, **per_second: float) -> Watch:
    """Return a watch that saw measures grow for ten minutes."""
    watch = Watch(watched)
    names = [f"{s}_{m}" for s in watched.processes for m in ("memory_mib", "handles", "threads")]
    names += [f"{name}_mib" for name in watched.files]
    watch.rows = [
        {"seconds": 2.0 * n} | {name: 100 + 2 * n * per_second.get(name, 0.0) for name in names}
        for n in range(300)
    ]
    return watch


@pytest.mark.parametrize(
    ("measure", "per_second"),
    [
        ("scoring_memory_mib", 0.2),
        ("training_memory_mib", 0.2),
        ("scoring_handles", 0.01),
        ("training_threads", 0.01),
        ("journal_mib", 0.01),
    ],
)
def test_what_grows_misses_its_threshold_and_nothing_else_does(
    watched: Watched, measure: str, per_second: float
) -> None:
    thresholds = [t for t in read_thresholds(SOAK) if "_per_hour" in t.figure]
    watch = grown(watched, database_mib=0.1, **{measure: per_second})
    judged = judge(thresholds, figures_of(watch.growth()))
    missed = [one.name for one in judged if one.verdict == "missed"]
    assert missed == [f"{measure}_per_hour_high"]


def test_a_database_may_grow_but_not_faster_and_faster(watched: Watched) -> None:
    (threshold,) = (t for t in read_thresholds(SOAK) if t.figure.endswith("late_over_early"))
    steady = figures_of(grown(watched, database_mib=0.1).growth())
    assert steady[threshold.figure] == 1
    watch = grown(watched)
    for row in watch.rows:
        row["database_mib"] = 100 + (row["seconds"] / 60) ** 2
    (judged,) = judge([threshold], figures_of(watch.growth()))
    assert judged.verdict == "missed"


def test_a_load_that_was_too_short_says_so(watched: Watched) -> None:
    watch = grown(watched)
    del watch.rows[20:]
    with pytest.raises(InvalidInput, match="too few"):
        watch.growth()
