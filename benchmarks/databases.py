"""Measure scores and labels on each database, side by side in one run.

    python -m benchmarks.databases [--quick] [--json]

SQLite and PostgreSQL take part, and what speaks the protocol of Db2 where CRISPML_TEST_DB2_URL
names a database, whose tables are emptied. A full run writes ``results/databases.json`` and the
table of the README. Ends with exit code 1 when a bound is not reached.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from typing import Any

from benchmarks.harness.cores import be_the_client, both_cores
from benchmarks.harness.load import has_wrk
from benchmarks.harness.places import HOME, STORES
from benchmarks.harness.result import origin, write_result
from benchmarks.harness.say import say
from benchmarks.harness.workbench import Sizes, Workbench
from benchmarks.stores.appends import measure_appends
from benchmarks.stores.bounds import REMARK, ratios, unmet
from benchmarks.stores.labels import measure_labels
from benchmarks.stores.page import page, write_readme
from benchmarks.stores.requests import measure_requests
from benchmarks.stores.servers import databases

# Everything within two minutes on a machine that does nothing else.
FULL, FULL_LABELS = Sizes(rounds=4, seconds=3, large_rows=0, tree_peers=0), 100_000
QUICK, QUICK_LABELS = Sizes(rounds=2, seconds=2, large_rows=0, tree_peers=0), 30_000


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure, print the result, and return it."""
    options = _options(arguments)
    if not has_wrk():
        sys.exit("the load generator is missing: install the Debian package wrk")
    document = _measure(options.quick)
    if not options.quick:
        write_result("databases", document)
        write_readme(document)
    print(json.dumps(document) if options.json else page(document))
    return document


def proved() -> dict[str, Any]:
    """Measure, and return the ratios and how many bounds are not reached."""
    document = main(["--json"])
    return document["ratios"] | {
        "unmet": document["unmet"],
        "unmet_bounds": len(document["unmet"]),
    }


def _measure(quick: bool) -> dict[str, Any]:
    load_before = round(os.getloadavg()[0], 1)
    bench, folder = Workbench(QUICK if quick else FULL), HOME / "databases"
    shutil.rmtree(folder, ignore_errors=True)
    cores = os.sched_getaffinity(0)
    be_the_client()
    try:
        with databases(folder) as found:
            say("requests")
            figures = {"requests": measure_requests(bench, found)}
            for database in found.values():
                database.move_to(*cores)
            with both_cores():
                say("scores in bulk")
                figures["appends"] = measure_appends(bench, found)
                say("labels")
                labels = QUICK_LABELS if quick else FULL_LABELS
                # What a stand-in of Db2 takes for a join says nothing about Db2.
                real = {name: each for name, each in found.items() if name not in REMARK}
                figures["labels"] = measure_labels(real, labels)
    finally:
        os.sched_setaffinity(0, cores)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(STORES, ignore_errors=True)
    return {
        **origin(),
        "load_before": load_before,
        "data": bench.adult.origin,
        "remarks": {name: REMARK[name] for name in figures["appends"] if name in REMARK},
        "ratios": ratios(figures),
        "unmet": unmet(figures),
        "figures": figures,
    }


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="databases", description="Measure the databases.")
    parser.add_argument("--quick", action="store_true", help="shorter rounds; nothing is written")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    if missed := main()["unmet"]:
        sys.exit("\n".join(missed))
