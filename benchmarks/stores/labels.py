"""Imports of labels, and the join of scores with them, on each database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.harness.places import HOME
from benchmarks.harness.say import say
from benchmarks.label_import import alone, fill, join, label
from benchmarks.stores.servers import Database


def measure_labels(databases: dict[str, Database], rows: int) -> dict[str, Any]:
    """Return labels per second, joined scores per second and memory, by database.

    Each step of each database is a process of its own, one database after the other.
    """
    given: dict[str, tuple[str, Path, int]] = {}
    for name, database in databases.items():
        folder = HOME / "databases" / f"labels-{name}"
        folder.mkdir(parents=True)
        given[name] = database.url(folder), folder / "truth.csv", rows
        fill(*given[name])
        database.settle()
    found: dict[str, dict[str, Any]] = {name: {} for name in databases}
    for step, what in ((label, "labels"), (label, "duplicates"), (join, "joined")):
        for name, arguments in given.items():
            took = alone(step, *arguments)
            found[name] |= {
                f"{what}_per_s": round(rows / took["seconds"]),
                f"{what}_cpu_s": took["cpu_s"],
                f"{what}_grown_mib": took["grown_mib"],
            }
            databases[name].settle()
        say(f"{what} are done")
    return found
