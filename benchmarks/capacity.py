"""Measure what a scoring process needs, and hold the capacity model against a load of its own.

    python -m benchmarks.capacity [--quick] [--json] [--to FILE]

Low and middle loads give the service times; what they predict for a higher one is measured there
too. A full run writes what ``crispml capacity`` ships and ``results/capacity.json``; ``--to`` writes
the measurements to a file for ``crispml capacity --measured``. Ends with exit code 1 when a
prediction is not within 20 %, or when others never left the machine alone for it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.harness.cores import be_the_client
from benchmarks.harness.load import has_wrk
from benchmarks.harness.machine import commit, machine
from benchmarks.harness.places import HOME, RESULTS, ROOT, STORES
from benchmarks.harness.say import say
from benchmarks.harness.workbench import Sizes, Workbench
from benchmarks.scale.loads import Loader
from benchmarks.scale.validation import BOUNDS, Validation, measure
from benchmarks.stores.requests import bodies, running_on, write_requests
from benchmarks.stores.servers import DB2, databases
from crispml_core.capacity.measured import Figures, Measured

SHIPPED = ROOT / "crispml_core" / "capacity" / "measured.json"
# Seconds that quiet moments are waited for, for each database.
FULL, PATIENCE_S = Sizes(rounds=5, seconds=2, large_rows=0, tree_peers=0), 240
QUICK, QUICK_PATIENCE_S = Sizes(rounds=3, seconds=1, large_rows=0, tree_peers=0), 30


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure, print the result, and return it."""
    options = _options(arguments)
    if not has_wrk():
        sys.exit("the load generator is missing: install the Debian package wrk")
    found = _measure(options.quick, options.database)
    measured, document = _documents(found)
    if options.to is not None:
        options.to.write_bytes(_json(measured))
    if not options.quick and not options.database:
        SHIPPED.write_bytes(_json(measured))
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "capacity.json").write_bytes(_json(document))
    print(json.dumps(document) if options.json else _page(document))
    return document


def _measure(
    quick: bool, only: str | None
) -> dict[str, tuple[Figures, dict[str, Validation]]]:
    bench, folder = Workbench(QUICK if quick else FULL), HOME / "capacity"
    shutil.rmtree(folder, ignore_errors=True)
    cores = os.sched_getaffinity(0)
    found = {}
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
                        time.monotonic() + (QUICK_PATIENCE_S if quick else PATIENCE_S),
                    )
                    say(f"loads on {database.title}")
                    found[name] = measure(loader, bench.sizes.rounds)
    finally:
        os.sched_setaffinity(0, cores)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(STORES, ignore_errors=True)
    return found


def _documents(
    found: dict[str, tuple[Figures, dict[str, Validation]]],
) -> tuple[Measured, dict[str, Any]]:
    measured = Measured(
        commit=commit(),
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine(),
        data="UCI Adult, one record per request, logistic regression",
        databases={name: figures for name, (figures, _) in found.items()},
    )
    validations = {name: checked for name, (_, checked) in found.items()}
    document = asdict(measured) | {
        "validation": {
            name: {what: one.told() for what, one in checked.items()}
            for name, checked in validations.items()
        },
        "unmet": [
            f"{name}: {what} is {one.ratio:.2f} of what was measured, others had {one.others:.0%}"
            for name, checked in validations.items()
            for what, one in checked.items()
            if not one.holds
        ],
    }
    return measured, document


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _page(document: dict[str, Any]) -> str:
    lines = []
    for name, figures in document["databases"].items():
        lines += [name, *(f"  {what:24} {value:12,.2f}" for what, value in figures.items())]
        for what, one in document["validation"][name].items():
            lines.append(
                f"  {what:16} predicted {one['predicted']:10,.2f}  measured "
                f"{one['measured']:10,.2f}  ratio {one['ratio']:.2f}  others {one['others']:.0%}"
            )
    lines.append(f"ratios must be within {BOUNDS[0]} and {BOUNDS[1]}")
    return "\n".join(lines)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="capacity", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter rounds; nothing is shipped")
    parser.add_argument("--database", help="only this one; nothing is shipped")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--to", type=Path, help="write the measurements to this file")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    if missed := main()["unmet"]:
        sys.exit("\n".join(missed))
