"""The measurements by name, in the order of a full run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.adult.models import ALGORITHMS
from benchmarks.harness.batch import measure_batch
from benchmarks.harness.footprint import measure_footprint
from benchmarks.harness.large import measure_large
from benchmarks.harness.ours import OURS
from benchmarks.harness.ratios import MLSERVER
from benchmarks.harness.servers import PARQUET, RECORDS, V2, Server
from benchmarks.harness.single import measure_single
from benchmarks.harness.workbench import Workbench
from benchmarks.peers import HELLO, PEERS

LINEAR, BOOSTING, FOREST = ALGORITHMS
Measure = Callable[[Workbench, dict[str, Any]], dict[str, Any]]
"""Takes the figures so far and returns new ones, nested as in the results."""


def fastest(figures: dict[str, Any], count: int) -> list[Server]:
    """Return the peers that answered most single records at 64 connections."""
    measured = figures.get("single", {}).get(LINEAR, {})
    rates = {
        peer.name: measured[peer.name]["64"]["requests_per_s"]
        for peer in PEERS
        if "64" in measured.get(peer.name, {})
    }
    known = [peer for peer in PEERS if peer.name in rates]
    return sorted(known, key=lambda peer: -rates[peer.name])[:count]


def _single(bench: Workbench, figures: dict[str, Any]) -> dict[str, Any]:
    return {"single": {LINEAR: measure_single(bench, LINEAR, (HELLO, OURS, *PEERS))}}


def _trees(algorithm: str) -> Measure:
    def measure(bench: Workbench, figures: dict[str, Any]) -> dict[str, Any]:
        servers = (HELLO, OURS, *fastest(figures, bench.sizes.tree_peers))
        counts = bench.sizes.tree_connections
        return {"single": {algorithm: measure_single(bench, algorithm, servers, counts)}}

    return measure


def _batch(form: str, counts: tuple[int, ...]) -> Measure:
    def measure(bench: Workbench, figures: dict[str, Any]) -> dict[str, Any]:
        # A batch is one prediction already; to collect several would gain nothing.
        peers = [peer for peer in PEERS if form in peer.forms and not peer.batches]
        return {"batch": {form: measure_batch(bench, form, counts, (OURS, *peers))}}

    return measure


def _footprint(bench: Workbench, figures: dict[str, Any]) -> dict[str, Any]:
    peers = (
        PEERS if bench.sizes.all_footprints else [peer for peer in PEERS if peer.name == MLSERVER]
    )
    return {"footprint": measure_footprint(bench, (HELLO, OURS, *peers))}


def _large(bench: Workbench, figures: dict[str, Any]) -> dict[str, Any]:
    return {"large": measure_large(bench)}


MEASURES: dict[str, Measure] = {
    "single": _single,
    "boosting": _trees(BOOSTING),
    "forest": _trees(FOREST),
    "parquet": _batch(PARQUET, (100_000,)),
    "records": _batch(RECORDS, (10_000, 100_000)),
    "v2": _batch(V2, (10_000,)),
    "footprint": _footprint,
    "large": _large,
}
