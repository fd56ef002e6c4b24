"""What the services of this machine take while they are loaded: memory, handles, threads, bytes."""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from scipy import stats

from loadtest.slopes import slope

SAMPLES = "samples.csv"
# Caches fill, and the first commits make the files larger.
_SETTLES = 0.2
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Watched:
    """What is looked at.

    Parameters
    ----------
    processes : mapping of str to int
        The process of each service.
    files : mapping of str to Path
        Files and folders whose bytes are counted, with what lies below and beside them.
    """

    processes: Mapping[str, int]
    files: Mapping[str, Path]


class Watch:
    """Looks every few seconds, in a thread, from entry to exit.

    Parameters
    ----------
    every_s : float
        How often.
    """

    def __init__(self, watched: Watched, every_s: float = 2.0) -> None:
        self._every_s = every_s
        self._files = watched.files
        self._processes = {name: psutil.Process(pid) for name, pid in watched.processes.items()}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="watch", daemon=True)
        self.rows: list[dict[str, float]] = []

    def __enter__(self) -> Watch:
        self._begun = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def growth(self) -> dict[str, Any]:
        """Return how fast each measure grows, without the first fifth of the time.

        A database has to grow with its scores. So it also has ``late_over_early``: how fast it grew
        in the second half of the time, of how fast in the first.
        """
        total = self.rows[-1]["seconds"] if self.rows else 0.0
        kept = [row for row in self.rows if row["seconds"] >= _SETTLES * total]
        seconds = [row["seconds"] for row in kept]
        found: dict[str, Any] = {
            name: asdict(slope(seconds, [row[name] for row in kept]))
            for name in self.rows[0]
            if name != "seconds"
        }
        for name in self._files:
            measure = f"{name}_mib"
            half = len(kept) // 2
            early, late = _rate(kept[: half + 1], measure), _rate(kept[half:], measure)
            found[measure]["late_over_early"] = late / early if early > 0 else None
        return found

    def write(self, folder: Path) -> None:
        """Write every measurement to ``samples.csv``."""
        with (folder / SAMPLES).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(self.rows[0]))
            writer.writeheader()
            writer.writerows(self.rows)

    def _look_on(self) -> None:
        while not self._stop.wait(self._every_s):
            self.rows.append(self._look())

    def _look(self) -> dict[str, float]:
        row = {"seconds": round(time.monotonic() - self._begun, 3)}
        for name, process in self._processes.items():
            with process.oneshot():
                row[f"{name}_memory_mib"] = process.memory_full_info().uss / _MIB
                row[f"{name}_handles"] = process.num_fds()
                row[f"{name}_threads"] = process.num_threads()
        for name, path in self._files.items():
            row[f"{name}_mib"] = _size(path) / _MIB
        return row


def figures_of(growth: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return growth as figures that thresholds may name: ``scoring_memory_mib_per_hour_high``."""
    named = {"per_hour": "_per_hour", "low": "_per_hour_low", "high": "_per_hour_high"}
    figures = {
        f"{measure}{suffix}": round(told[part], 3)
        for measure, told in growth.items()
        for part, suffix in named.items()
    }
    ratios = {
        f"{measure}_late_over_early": told["late_over_early"]
        for measure, told in growth.items()
        if told.get("late_over_early") is not None
    }
    return figures | {name: round(ratio, 3) for name, ratio in ratios.items()}


def _rate(rows: list[dict[str, float]], measure: str) -> float:
    # A line, because the files of a database grow in steps.
    line = stats.linregress([row["seconds"] for row in rows], [row[measure] for row in rows])
    return float(line.slope)


def _size(path: Path) -> int:
    """Return the bytes of a folder, or of a file with those that SQLite keeps beside it."""
    total = 0
    for file in path.rglob("*") if path.is_dir() else path.parent.glob(f"{path.name}*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except FileNotFoundError:  # a journal that was brought home meanwhile
            continue
    return total
