"""What is asked of the databases, as ratios of one run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.stores.servers import DB2, POSTGRESQL, SQLITE

# Rows per second that are enough, whatever the driver reaches on this machine.
ENOUGH = {SQLITE: 250_000, POSTGRESQL: 150_000}
OF_SQLITE, OF_THE_DRIVER = 0.7, 0.7
Figures = Mapping[str, Any]


def ratios(figures: Figures) -> dict[str, float]:
    """Return the ratios of a run by name; what was not measured has none."""
    requests, appends, labels = (figures[name] for name in ("requests", "appends", "labels"))
    found: dict[str, float] = {}
    for name, entry in requests.items():
        if name not in (SQLITE, "ledgers"):
            found[f"requests_{name}"] = entry["requests_per_s"] / _rate(requests, "requests_per_s")
    for name, entry in appends.items():
        found[f"appends_{name}"] = entry["rows_per_s"] / entry["driver_rows_per_s"]
    for name, entry in labels.items():
        if name != SQLITE:
            found[f"labels_{name}"] = entry["labels_per_s"] / _rate(labels, "labels_per_s")
            found[f"joined_{name}"] = entry["joined_per_s"] / _rate(labels, "joined_per_s")
    return {name: round(value, 2) for name, value in found.items()}


def unmet(figures: Figures) -> list[str]:
    """Return what does not reach its bound, as sentences; what was not measured is among it."""
    found, appends = ratios(figures), figures["appends"]
    missed = []
    if found.get(f"requests_{POSTGRESQL}", 0.0) < OF_SQLITE:
        missed.append(f"requests on PostgreSQL are less than {OF_SQLITE} of those on SQLite")
    for name, enough in ENOUGH.items():
        if name not in appends:
            missed.append(f"scores in bulk were not measured on {name}")
        elif appends[name]["rows_per_s"] < enough and found[f"appends_{name}"] < OF_THE_DRIVER:
            missed.append(
                f"scores in bulk on {name}: less than {enough} rows/s, and less than "
                f"{OF_THE_DRIVER} of the driver"
            )
    return missed


def _rate(figures: Figures, entry: str) -> float:
    return float(figures[SQLITE][entry])


REMARK = {
    DB2: "measured with IBM's driver over its own protocol; the engine behind it is Derby, so the "
    "figures say nothing about Db2 itself"
}
