"""Measure our scoring service and its peers side by side, in one run.

    python -m benchmarks.bench [--quick] [--json] [--only NAME[,NAME]]

A full run writes ``results/bench.json`` and the table and the plot of the README. Ends with exit
code 1 when the ledger does not hold what clients were told.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from typing import Any

from benchmarks.harness import ratios as rating
from benchmarks.harness.cores import be_the_client
from benchmarks.harness.fleet import TROUBLE
from benchmarks.harness.ledger import ScoresLost
from benchmarks.harness.load import has_wrk
from benchmarks.harness.machine import versions
from benchmarks.harness.measures import MEASURES
from benchmarks.harness.places import STORES
from benchmarks.harness.result import origin, write_result
from benchmarks.harness.say import say
from benchmarks.harness.table import table, write_readme
from benchmarks.harness.workbench import FULL, QUICK, Workbench
from benchmarks.peers import HELLO, PEERS


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure, print the result, and return it."""
    options = _options(arguments)
    if not has_wrk():
        sys.exit("the load generator is missing: install the Debian package wrk")
    bench = Workbench(QUICK if options.quick else FULL)
    wanted = options.only.split(",") if options.only else list(MEASURES)
    if unknown := [name for name in wanted if name not in MEASURES]:
        sys.exit(f"--only: {', '.join(unknown)} is none of {', '.join(MEASURES)}")
    document = _measure(bench, wanted)
    document["quick"] = options.quick
    if not options.quick and not options.only:
        write_result("bench", document)
        write_readme(document)
    print(json.dumps(document) if options.json else table(document))
    if missed := rating.missed(document["ratios"]):
        say(f"not reached or not measured: {', '.join(missed)}")
    if not document["ledger"]["holds"]:
        sys.exit("the ledger does not hold what clients were told")
    return document


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Measure our service and its peers.")
    parser.add_argument("--quick", action="store_true", help="shorter rounds; nothing is written")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--only", default="", help=f"some of {', '.join(MEASURES)}")
    return parser.parse_args(arguments)


def _measure(bench: Workbench, wanted: list[str]) -> dict[str, Any]:
    data = bench.adult.origin
    be_the_client()
    figures: dict[str, Any] = {}
    errors: dict[str, str] = {}
    try:
        for name in wanted:
            say(f"measuring {name}")
            try:
                merge(figures, MEASURES[name](bench, figures))
            except (ScoresLost, *TROUBLE) as error:
                errors[name] = f"{type(error).__name__}: {error}"
                say(f"{name} ends early: {errors[name]}")
    finally:
        shutil.rmtree(STORES, ignore_errors=True)
    batching = [server.name for server in PEERS if server.batches]
    return {
        **origin(),
        "data": data,
        "versions": versions(bench.environments.values(), (HELLO, *PEERS)),
        "ratios": rating.ratios(figures, batching),
        "ledger": bench.proof.to_dict(),
        "figures": figures,
        "errors": errors,
    }


def merge(into: dict[str, Any], new: dict[str, Any]) -> None:
    """Add nested entries to others."""
    for name, entry in new.items():
        if isinstance(entry, dict) and isinstance(into.get(name), dict):
            merge(into[name], entry)
        else:
            into[name] = entry


if __name__ == "__main__":
    main()
