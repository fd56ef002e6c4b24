"""Run the full sizes and write figures, machine and commit to ``results/proof.json``.

    python -m benchmarks.proof

Ends with exit code 1 when a bound does not hold.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import cycle_overhead, ingest_memory
from benchmarks.harness.machine import commit, machine

RESULTS = Path(__file__).parent / "results"
# What the figures must keep: the largest value of an entry.
BOUNDS = {
    ("cycle_overhead", "overhead_s"): 1.0,
    ("ingest_memory", "peak_rss_mib"): 1536,
}


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
