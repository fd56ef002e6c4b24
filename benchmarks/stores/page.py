"""The figures of the databases as Markdown, and their place in the README."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.harness.places import ROOT
from benchmarks.harness.table import rows
from benchmarks.stores.bounds import ENOUGH, OF_SQLITE, OF_THE_DRIVER, REMARK
from benchmarks.stores.servers import DB2, POSTGRESQL, SQLITE

BEGIN, END = "<!-- databases: written by benchmarks.databases -->", "<!-- end of databases -->"
README = ROOT / "benchmarks" / "README.md"
TITLES = {SQLITE: "SQLite", POSTGRESQL: "PostgreSQL", DB2: "Db2 protocol"}
_PLACES = {"": "", "_beside_the_service": ", its server on the core of the service"}
Figures = Mapping[str, Any]


def page(document: Figures) -> str:
    """Return figures and ratios of a run as Markdown tables."""
    figures, found = document["figures"], document["ratios"]
    remarks = [f"{TITLES[name]}: {REMARK[name]}." for name in figures["appends"] if name in REMARK]
    parts = [
        _requests(figures["requests"], found),
        _appends(figures["appends"], found),
        _labels(figures["labels"], found),
        *remarks,
        _origin(document),
    ]
    return "\n\n".join(parts)


def write_readme(document: Figures, readme: Path = README) -> None:
    """Replace what stands between the marks."""
    before, _, rest = readme.read_text().partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"{readme.name} has no place for the table: {BEGIN} … {END}")
    readme.write_text(f"{before}{BEGIN}\n\n{page(document)}\n\n{END}{after}")


def _requests(requests: Figures, found: Mapping[str, float]) -> str:
    head = [
        "One record per request, 64 connections",
        "req/s (p50, p99 ms)",
        "CPU of a request: service, server (µs)",
        "Against SQLite",
        "Bound",
    ]
    lines = []
    for name in TITLES:
        for place, where in _PLACES.items():
            entry, ratio = requests.get(name + place), found.get(f"requests_{name}{place}")
            if entry is None:
                continue
            bound = f"at least {OF_SQLITE}" if (name, place) == (POSTGRESQL, "") else ""
            rate = f"{entry['requests_per_s']:,} ({entry['p50_ms']:.2f}, {entry['p99_ms']:.1f})"
            cpu = f"{entry['service_cpu_us']}, {entry['server_cpu_us'] or 'none'}"
            lines.append([f"{TITLES[name]}{where}", rate, cpu, _ratio(ratio), bound])
    return rows(head, lines)


def _appends(appends: Figures, found: Mapping[str, float]) -> str:
    head = ["100,000 scores at once", "rows/s", "The driver alone", "Ratio", "Bound"]
    lines = [
        [
            TITLES[name],
            f"{entry['rows_per_s']:,}",
            f"{entry['driver_rows_per_s']:,}",
            _ratio(found[f"appends_{name}"]),
            f"{ENOUGH[name]:,} rows/s or {OF_THE_DRIVER}" if name in ENOUGH else "",
        ]
        for name, entry in appends.items()
    ]
    return rows(head, lines)


def _labels(labels: Figures, found: Mapping[str, float]) -> str:
    head = [
        "Labels",
        "imported/s",
        "Against SQLite",
        "duplicates/s",
        "scores joined/s",
        "Against SQLite",
        "Memory of the import grows by (MiB)",
    ]
    lines = [
        [
            TITLES[name],
            f"{entry['labels_per_s']:,}",
            _ratio(found.get(f"labels_{name}")),
            f"{entry['duplicates_per_s']:,}",
            f"{entry['joined_per_s']:,}",
            _ratio(found.get(f"joined_{name}")),
            f"{entry['labels_grown_mib']}",
        ]
        for name, entry in labels.items()
    ]
    return rows(head, lines)


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _origin(document: Figures) -> str:
    machine = document["machine"]
    return (
        f"Machine: {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}, "
        f"Python {machine['python']}; load before the run {document['load_before']}. "
        f"Commit {document['commit']}, {document['measured_at']}."
    )
