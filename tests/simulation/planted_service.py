"""The world of known truth behind a real service: stores, a trained version, labels by REST."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.simulation.world import BASE, WEIGHTS, Cases
from crispml_core.adapters.sql.schema import migrate
from crispml_core.bootstrap import training as training_parts
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.runs import CYCLE, Run, RunStatus
from crispml_core.settings import CrispMLSettings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

USE_CASE = "planted"
API = f"/api/v1/use-cases/{USE_CASE}"
TRAINED_ON = 3_000
# The model sees four numbers; the group is a segment that it does not see.
DEFINITION = """\
name: planted
version: "1"
description: A world whose truth is known.
record_key: id
source: {csv: planted.csv}
fields:
  - {name: id, type: string, max_length: 40, description: Number.}
  - {name: x0, type: number, minimum: -50, maximum: 50, description: A number.}
  - {name: x1, type: number, minimum: -50, maximum: 50, description: A number.}
  - {name: x2, type: number, minimum: -50, maximum: 50, description: A number.}
  - {name: x3, type: number, minimum: -50, maximum: 50, description: A number.}
  - {name: group, type: category, values: [a, b], description: Two groups.}
ignore: [group]
segments: [{name: group}]
"""
OF_TASK = {
    "binary": """\
target: {name: event, task: binary, values: ["no", "yes"], positive: "yes"}
algorithms: {logistic_regression: }
cost_matrix: {false_positive: 1, false_negative: 1}
gates: [{kpi: auc, minimum: 0.75}]
monitoring: {fairness: [{segment: group, favourable: "yes", reference: a}]}
""",
    "multiclass": """\
target: {name: event, task: multiclass, values: [low, middle, high]}
algorithms: {logistic_regression: }
gates: [{kpi: accuracy, minimum: 0.4}]
monitoring: {fairness: [{segment: group, favourable: high, reference: a}]}
""",
    "regression": """\
target: {name: event, task: regression}
algorithms: {ridge: }
gates: [{kpi: mae, maximum: 1}]
monitoring: {fairness: [{segment: group, reference: a}]}
""",
}


def truth_of(cases: Cases, task: str, seed: int, noise: float = 1.0) -> list[Any]:
    """Return what happened: the event, one of three classes by its strength, or the strength."""
    if task == "binary":
        return ["yes" if y else "no" for y in cases.y]
    chance = np.random.default_rng([seed, 5])
    strength = BASE + cases.x @ WEIGHTS + noise * chance.normal(size=len(cases.y))
    if task == "regression":
        return [float(value) for value in strength]
    return [("low", "middle", "high")[code] for code in np.searchsorted([-1.5, 0.0], strength)]


def rows_of(cases: Cases, prefix: str) -> list[dict[str, Any]]:
    """Return the records, without their truth."""
    return [
        {
            "id": f"{prefix}-{number}",
            **{f"x{place}": float(x) for place, x in enumerate(values)},
            "group": str(group),
        }
        for number, (values, group) in enumerate(zip(cases.x, cases.group, strict=True))
    ]


class Planted:
    """A scoring service in this process, and what is known about the world."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def post(self, path: str, body: Any) -> Any:
        """Send JSON and return the decoded answer."""
        answer = self.client.post(f"{API}/{path}", json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def ask(self, cases: Cases, prefix: str = "r") -> list[dict[str, Any]]:
        """Score all records."""
        found: list[dict[str, Any]] = self.post(
            "new-data-score", {"records": rows_of(cases, prefix)}
        )["scores"]
        return found

    def score(self, cases: Cases, prefix: str = "r") -> tuple[list[str], np.ndarray, np.ndarray]:
        """Score all records; return their ids, the probabilities and who was decided for."""
        scores = self.ask(cases, prefix)
        return (
            [score["score_id"] for score in scores],
            np.array([score["probability"] for score in scores]),
            np.array([score["prediction"] == "yes" for score in scores]),
        )

    def label(
        self,
        ids: list[str],
        truth: Sequence[Any],
        seen: np.ndarray,
        chance: np.ndarray | None = None,
    ) -> None:
        """Tell the truth about some of the scores, with the logged propensity if there is one."""
        labels = [
            {"score_id": ids[place], "label": truth[place]}
            | ({} if chance is None else {"propensity": float(chance[place])})
            for place in np.flatnonzero(seen)
        ]
        self.post("new-data-label", {"labels": labels})

    def report(self) -> dict[str, Any]:
        """Return the whole answer of a report about everything."""
        found: dict[str, Any] = self.post("new-data-report", {})
        return found

    def page(self, report: dict[str, Any]) -> str:
        """Return the page of a report."""
        return self.client.get(f"/api/v1/reports/{report['id']}?format=html").text

    def drift(self, **asked: str) -> dict[str, Any]:
        """Return the drift of the last hours."""
        answer = self.client.get(f"{API}/drift", params=asked)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def train(settings: CrispMLSettings) -> None:
    """Train, and make the best version champion."""
    migrate.upgrade(settings.database.url.get_secret_value())
    parts = training_parts.build(settings)
    try:
        run = Run(
            id=str(new_id()),
            use_case=USE_CASE,
            method=CYCLE,
            status=RunStatus.RUNNING,
            parameters=parts.training.check(USE_CASE, CYCLE, {"promote": True}),
            created_at=utc_now(),
            timeout_s=120,
        )
        assert parts.training.execute(run)["promoted"]
    finally:
        parts.close()


def settings_of(folder: Path, definition: Path) -> CrispMLSettings:
    """Return the settings of services on the stores in a folder."""
    return CrispMLSettings.model_validate(
        {
            "use_cases": (str(definition / "planted.yaml"),),
            "database": {"url": f"sqlite:///{folder}/crispml.db"},
            "registry": {"path": folder / "registry"},
            "journal": {"path": folder / "journal"},
            "batch": {"path": folder / "batches"},
        }
    )
