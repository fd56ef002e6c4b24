"""Both services with a trained model, and the real clients, each in an environment of its own.

Where an environment cannot be installed the tests are skipped with the reason; with ``CI=true``
they fail.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crispml_core.cli.services import PLANS, Services, local_settings, make_stores

HERE = Path(__file__).parent
USE_CASE = """
name: orders
record_key: order_id
source: {csv: orders.csv}
target: {name: returned, task: binary, values: ["no", "yes"], positive: "yes"}
fields:
  - {name: order_id, type: string, max_length: 20}
  - {name: amount, type: number, minimum: 0, maximum: 10000}
  - {name: items, type: integer, minimum: 1, maximum: 100}
  - {name: channel, type: category, values: ["shop", "web", "phone"]}
  - {name: express, type: boolean}
  - {name: discount, type: number, minimum: 0, maximum: 100, nullable: true}
algorithms: {logistic_regression: }
segments: [{name: channel}]
"""


@dataclass(frozen=True)
class Model:
    """A served model, records for it, and what our own client gets for them."""

    url: str
    name: str
    version: str
    records: list[dict[str, Any]]
    scores: list[Any]
    stored: Callable[[str], Any]
    """Reads a score back by its id."""
    settings: dict[str, str]
    """Of the services."""


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    folder = tmp_path_factory.mktemp("clients")
    table = orders(400)
    table.to_csv(folder / "orders.csv", index=False)
    (folder / "orders.yaml").write_text(USE_CASE)
    settings = local_settings(folder, [str(folder / "orders.yaml")])
    settings["CRISPML_JOURNAL__PATH"] = str(folder / "journal")
    make_stores(settings)
    rows = table.drop(columns="returned").astype(object).where(table.notna(), None).head(20)
    records = json.loads(rows.drop(columns="returned", errors="ignore").to_json(orient="records"))
    with (
        Services(folder, settings) as services,
        services.client() as client,
    ):
        run = client.training.wait(client.training.cycle("orders", promote=True))
        assert run.status == "succeeded", run
        scores = client.scoring.score("orders", records)
        yield Model(
            services.urls["scoring"],
            "orders",
            scores.version,
            records,
            list(scores.scores),
            client.scoring.stored_score,
            settings,
        )


def orders(rows: int) -> pd.DataFrame:
    """Make orders whose return depends on amount and channel."""
    random = np.random.default_rng(7)
    amount = random.uniform(1, 1000, rows).round(2)
    channel = random.choice(["shop", "web", "phone"], rows)
    odds = 0.004 * amount - 2.0 + (channel == "web") * 1.0
    discount = random.uniform(0, 20, rows).round(1)
    return pd.DataFrame(
        {
            "order_id": [f"O-{number:06d}" for number in range(rows)],
            "amount": amount,
            "items": random.integers(1, 10, rows),
            "channel": channel,
            "express": random.random(rows) < 0.3,
            "discount": np.where(random.random(rows) < 0.2, np.nan, discount),
            "returned": np.where(random.random(rows) < 1 / (1 + np.exp(-odds)), "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def closed(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A second scoring service of the same model that asks everybody who they are, and a key."""
    folder = tmp_path_factory.mktemp("closed")
    places = {"CRISPML_JOURNAL__PATH": str(folder / "journal")}
    settings = model.settings | places | {"CRISPML_AUTH__MODE": "required"}
    plans = [plan for plan in PLANS if plan.name == "scoring"]
    with Services(folder, settings, plans) as services:
        yield {"url": services.urls["scoring"], "key": services.key}


@pytest.fixture(scope="session")
def run_client(model: Model, environment: Callable[[Path], Path]) -> Callable[..., dict[str, Any]]:
    """Run a program of a client against the service: ``run_client("mlflow")``."""

    def run(name: str, **other: str) -> dict[str, Any]:
        given = {"url": model.url, "model": model.name, "version": model.version, **other}
        done = subprocess.run(
            [
                environment(HERE / "requirements" / f"{name}.txt"),
                HERE / "programs" / f"{name}_program.py",
            ],
            input=json.dumps({**given, "records": model.records}),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    return run
