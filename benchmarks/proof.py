"""Run the full sizes and write figures, machine and commit to ``results/proof.json``.

    python -m benchmarks.proof

Ends with exit code 1 when a bound does not hold.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from benchmarks import cycle_overhead, ingest_memory

RESULTS = Path(__file__).parent / "results"
# What the figures must keep: the largest value of an entry.
BOUNDS = {
    ("cycle_overhead", "overhead_s"): 1.0,
    ("ingest_memory", "peak_rss_mib"): 1536,
}


def machine() -> dict[str, Any]:
    """Describe where the figures come from, without a name or an address."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def commit() -> str:
    """Return the commit that is measured, marked when files differ from it."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        capture_output=True,
        text=True,
        cwd=RESULTS.parent,
    )
    return described.stdout.strip() or "unknown"


def main() -> None:
    """Measure everything, write it down, and hold it against the bounds."""
    figures = {
        "cycle_overhead": cycle_overhead.main([]),
        "ingest_memory": ingest_memory.main([]),
    }
    document = {
        "commit": commit(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "figures": figures,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "proof.json").write_text(json.dumps(document, indent=2) + "\n")
    broken = [
        f"{name}.{entry} is {figures[name][entry]}, at most {bound} is allowed"
        for (name, entry), bound in BOUNDS.items()
        if figures[name][entry] > bound
    ]
    if broken:
        sys.exit("\n".join(broken))


if __name__ == "__main__":
    main()
