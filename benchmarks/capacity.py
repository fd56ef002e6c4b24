"""Measure what a scoring process needs, and hold the capacity model against a load of its own.

    python -m benchmarks.capacity [--quick] [--database NAME] [--json] [--to FILE]

Low and middle loads give the service times; what they predict for a higher one is measured there
too. Ends with exit code 1 when a prediction is not within 20 %. A full run that is writes what
``crispml capacity`` ships, ``results/capacity.json`` and the table of the README, each database
with its own commit; ``--to`` writes the measurements to a file for ``crispml capacity --measured``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.harness.cores import be_the_client
from benchmarks.harness.load import has_wrk
from benchmarks.harness.machine import commit, machine
from benchmarks.harness.marks import write_between
from benchmarks.harness.places import HOME, RESULTS, ROOT, STORES
from benchmarks.harness.say import say
from benchmarks.harness.table import rows
from benchmarks.harness.workbench import Sizes, Workbench
from benchmarks.scale.loads import Loader
from benchmarks.scale.validation import BOUNDS, measure
from benchmarks.stores.page import README, TITLES
from benchmarks.stores.requests import bodies, running_on, write_requests
from benchmarks.stores.servers import DB2, databases
from crispml_core.capacity.measured import Measurement

SHIPPED = ROOT / "crispml_core" / "capacity" / "measured.json"
RESULT = RESULTS / "capacity.json"
BEGIN, END = "<!-- capacity: written by benchmarks.capacity -->", "<!-- end of capacity -->"
_WHAT = {
    "cpu_us": "processor time of a request with 64 connections, µs",
    "requests_per_s": "requests/s with 64 connections",
    "p99_ms": "p99 in an open loop at 0.4 of that, ms",
    "group_size": "requests of a group there",
}
# Stalls come some times a second, but not evenly: a second holds more of them or fewer.
FULL = Sizes(rounds=5, seconds=4, large_rows=0, tree_peers=0)
QUICK = Sizes(rounds=2, seconds=1, large_rows=0, tree_peers=0)
PATIENCE_S, QUICK_PATIENCE_S = 240, 15


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure, print the result, and return it."""
    options = _options(arguments)
    if not has_wrk():
        sys.exit("the load generator is missing: install the Debian package wrk")
    patience = options.patience or (QUICK_PATIENCE_S if options.quick else PATIENCE_S)
    measured, validation = _measure(options.quick, options.database, patience)
    if options.to is not None:
        _add(options.to, {"databases": measured})
    document = {
        "databases": msgspec.to_builtins(measured),
        "validation": validation,
        "unmet": [
            f"{name}: {what} is {one['ratio']} of what was measured, others had {one['others']}"
            for name, checked in validation.items()
            for what, one in checked.items()
            if not BOUNDS[0] <= one["ratio"] <= BOUNDS[1]
        ],
    }
    if not (options.quick or document["unmet"]):
        _add(SHIPPED, {"databases": measured})
        known = _add(RESULT, {"databases": measured, "validation": validation})
        write_between(README, BEGIN, END, page(known))
    print(json.dumps(document) if options.json else page(document))
    return document


def proved() -> dict[str, Any]:
    """Measure, and return how near the predictions are and how many are not near enough."""
    document = main(["--json"])
    ratios = {
        f"{name}_{what}": one["ratio"]
        for name, checked in document["validation"].items()
        for what, one in checked.items()
    }
    return ratios | {"unmet": document["unmet"], "unmet_predictions": len(document["unmet"])}


def _add(file: Path, document: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Write what was measured now beside what a file has of other databases; return all of it."""
    known: dict[str, Any] = json.loads(file.read_bytes()) if file.exists() else {}
    for part, entries in document.items():
        known[part] = known.get(part, {}) | msgspec.to_builtins(entries)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(known), indent=2) + b"\n")
    return known


def _measure(
    quick: bool, only: str | None, patience_s: float
) -> tuple[dict[str, Measurement], dict[str, dict[str, Any]]]:
    bench, folder = Workbench(QUICK if quick else FULL), HOME / "capacity"
    shutil.rmtree(folder, ignore_errors=True)
    cores = os.sched_getaffinity(0)
    measured, validation, measuring = {}, {}, commit()
    be_the_client()
    try:
        with databases(folder) as known:
            for name, database in known.items():
                if name == DB2 or (only and name != only):
                    continue
                with contextlib.ExitStack() as stack:
                    running = stack.enter_context(running_on(bench, database))
                    loader = Loader(
                        running,
                        write_requests(bench),
                        bodies(bench),
                        bench.sizes.seconds,
                        time.monotonic() + patience_s,
                    )
                    say(f"loads on {database.title}")
                    figures, checked = measure(loader, bench.sizes.rounds)
                measured[name] = Measurement(
                    commit=measuring,
                    measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
                    machine=machine(),
                    data=f"{bench.adult.origin}, logistic regression, one record per request",
                    figures=figures,
                )
                validation[name] = {what: one.told() for what, one in checked.items()}
    finally:
        os.sched_setaffinity(0, cores)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(STORES, ignore_errors=True)
    return measured, validation


def page(document: dict[str, Any]) -> str:
    """Return what was predicted and measured, as a Markdown table."""
    lines = [
        [
            f"{TITLES[name]}: {_WHAT[what]}",
            f"{one['predicted']:,.2f}",
            f"{one['measured']:,.2f}",
            f"{one['ratio']:.2f}",
            f"{one['others']:.0%}",
        ]
        for name, checked in document["validation"].items()
        for what, one in checked.items()
    ]
    origins = [
        f"{TITLES[name]}: {one['data']}, commit {one['commit']}, {one['measured_at']}"
        for name, one in document["databases"].items()
    ]
    head = ["", "predicted", "measured", "ratio", "others had"]
    return "\n\n".join([rows(head, lines), ". ".join(origins) + "."])


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="capacity", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter rounds; nothing is shipped")
    parser.add_argument("--database", help="only this one")
    parser.add_argument(
        "--patience", type=float, help="seconds that quiet moments are waited for, per database"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--to", type=Path, help="write the measurements to this file")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    if missed := main()["unmet"]:
        sys.exit("\n".join(missed))
