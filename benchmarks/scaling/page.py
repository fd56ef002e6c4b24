"""The results of a scaling test as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.harness.table import rows

BEGIN, END = "<!-- scaling: written by benchmarks.scaling -->", "<!-- end of scaling -->"
_HEAD = ("took s", "due/s", "answered/s", "/s of a core", "p50 ms", "p99 ms", "failed", "core used")
_LOADS = {"saturated": "As much as there is", "constant": "A constant rate"}


def page(document: Mapping[str, Any]) -> str:
    """Return tables and sentences for the page about scale."""
    result = document["result"]
    parts = [
        f"**Efficiency {result['efficiency']:.2f}**: {result['most']} replicas answer "
        f"{result['rate_at_most']:,.0f} requests a second, one answers "
        f"{result['rate_at_one']:,.0f}. One replica has {result['cores_of_replica']:g} of a core, "
        f"so that a core answers {result['rate_per_core']:,.0f}.",
        *(
            _phases(title, result["loads"][name]["phases"])
            for name, title in _LOADS.items()
            if name in result["loads"]
        ),
        _workers(result["workers"]),
        f"{result['acknowledged']:,} scores were acknowledged, {result['in_ledger']:,} of them are "
        f"in the ledger once and as they were told; {result['failed']:,} requests failed. All of "
        f"Locust used at most {result['locust_cpu']:.0%} of a core.",
        _verdict(document["thresholds"]),
        _origin(document),
    ]
    return "\n\n".join(parts)


def _phases(title: str, phases: Sequence[Mapping[str, Any]]) -> str:
    return rows(
        [title, *_HEAD],
        [
            [
                one["phase"],
                f"{one['change_s']:.0f}",
                f"{one['due_per_s']:,.0f}",
                f"{one['rate']:,.0f}",
                f"{one['rate_per_core']:,.0f}",
                *_times(one),
                f"{one['failed']}",
                f"{one['busy_share']:.0%}",
            ]
            for one in phases
        ],
    )


def _workers(workers: Sequence[Mapping[str, Any]]) -> str:
    head = ["Worker processes in one container", "answered/s", "p50 ms", "p99 ms", "core used"]
    return rows(
        head,
        [
            [f"{one['workers']}", f"{one['rate']:,.0f}", *_times(one), f"{one['busy_share']:.0%}"]
            for one in workers
        ],
    )


def _times(figures: Mapping[str, Any]) -> list[str]:
    return [
        "" if figures[name] is None else f"{figures[name]:,.1f}" for name in ("p50_ms", "p99_ms")
    ]


def _verdict(thresholds: Sequence[Mapping[str, Any]]) -> str:
    missed = [str(one["name"]) for one in thresholds if one["verdict"] != "met"]
    if not missed:
        return "All thresholds were kept."
    return "**Thresholds that were missed**: " + ", ".join(f"`{name}`" for name in missed) + "."


def _origin(document: Mapping[str, Any]) -> str:
    machine, others = document["machine"], document["result"]["others_had"]
    had = "" if others is None else f"Other programs had up to {others:.0%} of it. "
    return (
        f"{document['result']['platform']}, {', '.join(document['result']['scenarios'])}. "
        f"Machine: {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}. "
        f"{had}Commit {document['commit']}, {document['measured_at']}."
    )
