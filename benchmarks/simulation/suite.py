"""Plant every fact in many worlds and count how often it is found, and how often in quiet ones.

    python -m benchmarks.simulation.suite --runs 200

Prints one JSON line: by fact the alarms in quiet worlds and the findings in planted ones, and the
worst of both.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from benchmarks.simulation import challenger, drift, missing, treatment
from benchmarks.simulation.facts import RUNS

FACTS = (*drift.FACTS, *treatment.FACTS, *missing.FACTS, *challenger.FACTS)


def main(arguments: Sequence[str] | None = None) -> dict[str, int]:
    """Measure every fact, print the figures and return them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    runs = parser.parse_args(arguments).runs
    figures: dict[str, int] = {"runs": runs}
    for fact in FACTS:
        measured = fact.measure(runs)
        figures[f"{fact.name}_alarms"] = measured["alarms"]
        figures[f"{fact.name}_found"] = measured["found"]
    figures["most_alarms"] = max(figures[f"{fact.name}_alarms"] for fact in FACTS)
    figures["least_found"] = min(figures[f"{fact.name}_found"] for fact in FACTS)
    print(json.dumps(figures))
    return figures


if __name__ == "__main__":
    main()
