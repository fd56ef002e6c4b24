"""What scikit-learn reaches without any server: `predict_proba` on a frame that is in memory.

    python -m benchmarks.harness.inprocess MODEL.joblib ROWS.parquet

Predicts once per line of standard input and prints the seconds.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import joblib
import pandas as pd

from benchmarks.adult.columns import CATEGORIES, FEATURES
from benchmarks.harness.places import ROOT, SERVER_CORE


class InProcess:
    """The child process on the core of the servers."""

    def __init__(self, model: Path, rows: Path) -> None:
        module = [sys.executable, "-m", "benchmarks.harness.inprocess", str(model), str(rows)]
        self._child = subprocess.Popen(
            ["taskset", "-c", str(SERVER_CORE), *module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def __enter__(self) -> InProcess:
        self.seconds()  # the first prediction pays for what is imported late
        return self

    def __exit__(self, *exception: object) -> None:
        self._child.communicate()

    def seconds(self) -> float:
        """Predict once and return the time."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write("again\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError("the process that predicts has ended")
        return float(line)


def main() -> None:
    """Answer each line with the seconds of a prediction."""
    model, rows = joblib.load(sys.argv[1]), pd.read_parquet(sys.argv[2])[list(FEATURES)]
    # Texts as Python objects: scikit-learn encodes them faster than the text type of pandas 3.
    rows = rows.astype(dict.fromkeys(CATEGORIES, object))
    for _ in sys.stdin:
        began = time.perf_counter()
        model.predict_proba(rows)
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
