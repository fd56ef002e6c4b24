"""The curve of a load: a line for each second."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.scaling.curve import Passed
from loadtest.seconds import SecondFigures

COLUMNS = ("second", "due", "sent", "answered", "failed", "p50_ms", "p99_ms", "replicas")


@dataclass(frozen=True, slots=True)
class Series:
    """What happened second by second.

    Parameters
    ----------
    rows : list of dict
        With the names of `COLUMNS`; None for what nobody knows.
    marks : list of tuple of float and str
        When a phase began, and its title.
    """

    rows: list[dict[str, Any]]
    marks: list[tuple[float, str]]


def series_of(
    seconds: Mapping[int, SecondFigures], ready: Mapping[int, int], passed: Sequence[Passed]
) -> Series:
    """Return the lines from the first second of a load to the end of its last phase."""
    end = int(passed[-1].ended)
    rows = []
    replicas: int | None = None
    for number in range(end):
        one = seconds.get(number, SecondFigures())
        replicas = ready.get(number, replicas)
        p50, p99 = (one.latency.percentile(share) for share in (0.5, 0.99))
        values = (number, one.due, one.sent, one.answered, one.failed, p50, p99, replicas)
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return Series(rows, [(one.begun, one.phase.title) for one in passed])


def write(series: Mapping[str, Series], file: Path) -> None:
    """Write the lines of all loads to a file."""
    with file.open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target)
        writer.writerow(["load", *COLUMNS])
        for name, one in series.items():
            for row in one.rows:
                shown = (
                    round(value, 2) if isinstance(value, float) else value for value in row.values()
                )
                writer.writerow([name, *shown])
