"""What the orchestration of a cycle costs, beside scikit-learn called directly on the same data.

Starts a training service, runs the cycle of German credit over REST with a warm worker, and
subtracts the time inside the methods from the wall time that the caller sees. In the same process
scikit-learn then fits the same models on the same rows, without CrispML.

    python -m benchmarks.cycle_overhead [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from crispml_core.cli.services import PLANS, Services, local_settings, make_stores
from crispml_core.client import CrispMLClient
from crispml_core.use_cases.loader import load_use_case

ROOT = Path(__file__).parents[1]
REFERENCE = f"{ROOT}/examples/german_credit/use_case.py:german_credit"


def cycle(client: CrispMLClient) -> dict[str, float]:
    """Run one cycle and split its wall time."""
    start = time.perf_counter()
    run = client.training.wait(client.training.cycle("german_credit"))
    wall = time.perf_counter() - start
    inside = sum(step.seconds for step in run.steps)
    fits = sum(step.seconds for step in run.steps if step.method == "model-training")
    return {"wall_s": wall, "methods_s": inside, "overhead_s": wall - inside, "training_s": fits}


def scikit_learn() -> float:
    """Fit the models of the use case directly on the CSV file; return the seconds."""
    use_case = load_use_case(REFERENCE)
    start = time.perf_counter()
    frame = pd.read_csv(use_case.source.path)
    frame["monthly_payment"] = frame["credit_amount"] / frame["duration_months"]
    frame["log_amount"] = np.log(frame["credit_amount"])
    y = (frame["risk"] == "bad").astype(int)
    train = frame.index % 5 < 3
    for algorithm in use_case.algorithms:
        estimator = algorithm.estimator(**algorithm.complete({}))
        make_pipeline(algorithm.curate(), estimator).fit(frame[train], y[train])
    return time.perf_counter() - start


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure, print one JSON line, and return it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args(arguments).rounds
    with tempfile.TemporaryDirectory() as folder:
        settings = local_settings(Path(folder), [REFERENCE])
        make_stores(settings)
        with (
            Services(Path(folder), settings, PLANS[:1]) as services,
            services.client() as client,
        ):
            cycle(client)  # warms the fork server and the page cache
            found = [cycle(client) for _ in range(rounds)]
    direct = statistics.median(scikit_learn() for _ in range(rounds))
    result = {name: round(statistics.median(f[name] for f in found), 3) for name in found[0]}
    result |= {
        "scikit_learn_s": round(direct, 3),
        "training_vs_scikit_learn": round(result["training_s"] / direct, 2),
        "rounds": rounds,
    }
    print(json.dumps(result))
    return result


if __name__ == "__main__":
    main()
