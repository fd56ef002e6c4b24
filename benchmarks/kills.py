"""Kill the scoring process 200 times under load and prove that no acknowledged score is lost.

A quarter of the kills each: at random, between the inserts and the commit of a transaction, while
the database is locked and scores go to the journal, and during the replay of a journal.

    python -m benchmarks.kills [--kills 200] [--seed 0]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.faults.killing import KINDS, Killing
from benchmarks.faults.world import make_world


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Kill, print one JSON line, and return it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    kinds = [KINDS[number % len(KINDS)] for number in range(chosen.kills)]
    with tempfile.TemporaryDirectory() as folder:
        world = make_world(Path(folder) / "world")
        result = Killing(world, chosen.seed).run(kinds)
    print(json.dumps(result))
    return result


if __name__ == "__main__":
    main()
