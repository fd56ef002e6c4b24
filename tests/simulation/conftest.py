"""The world of known truth behind a real service: stores, a trained version, labels by REST."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.simulation.world import Cases, month
from crispml_core.adapters.sql import migrate
from crispml_core.bootstrap import scoring as scoring_parts
from crispml_core.bootstrap import training as training_parts
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.runs import CYCLE, Run, RunStatus
from crispml_core.settings import CrispMLSettings
from crispml_scoring.app import create_app

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
target: {name: event, task: binary, values: ["no", "yes"], positive: "yes"}
fields:
  - {name: id, type: string, max_length: 40, description: Number.}
  - {name: x0, type: number, minimum: -50, maximum: 50, description: A number.}
  - {name: x1, type: number, minimum: -50, maximum: 50, description: A number.}
  - {name: x2, type: number, minimum: -50, maximum: 50, description: A number.}
  - {name: x3, type: number, minimum: -50, maximum: 50, description: A number.}
  - {name: group, type: category, values: [a, b], description: Two groups.}
ignore: [group]
algorithms: {logistic_regression: }
segments: [{name: group}]
cost_matrix: {false_positive: 1, false_negative: 1}
gates: [{kpi: auc, minimum: 0.75}]
monitoring:
  fairness: [{segment: group, favourable: "yes", reference: a}]
"""


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

    def score(self, cases: Cases, prefix: str = "r") -> tuple[list[str], np.ndarray, np.ndarray]:
        """Score all records; return their ids, the probabilities and who was decided for."""
        scores = self.post("new-data-score", {"records": rows_of(cases, prefix)})["scores"]
        return (
            [score["score_id"] for score in scores],
            np.array([score["probability"] for score in scores]),
            np.array([score["prediction"] == "yes" for score in scores]),
        )

    def label(
        self, ids: list[str], y: np.ndarray, seen: np.ndarray, chance: np.ndarray | None = None
    ) -> None:
        """Tell the truth about some of the scores, with the logged propensity if there is one."""
        labels = [
            {"score_id": ids[place], "label": "yes" if y[place] else "no"}
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


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stores with a champion that was trained in the world as it was."""
    folder = tmp_path_factory.mktemp("planted")
    (folder / "planted.yaml").write_text(DEFINITION)
    cases = month(100_000, TRAINED_ON)
    names = ["id", "x0", "x1", "x2", "x3", "group"]
    lines = [",".join([*names, "event"])]
    for row, y in zip(rows_of(cases, "t"), cases.y, strict=True):
        lines.append(",".join([*(str(row[name]) for name in names), "yes" if y else "no"]))
    (folder / "planted.csv").write_text("\n".join(lines) + "\n")
    migrate.upgrade(settings_of(folder, folder).database.url.get_secret_value())
    parts = training_parts.build(settings_of(folder, folder))
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
    return folder


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


@pytest.fixture
def planted(trained: Path, tmp_path: Path) -> Iterator[Callable[[], Planted]]:
    """Start a service on a copy of the trained stores: ``planted()``."""
    with ExitStack() as stack:

        def start() -> Planted:
            folder = tmp_path / str(new_id())
            shutil.copytree(trained, folder)
            settings = settings_of(folder, trained)
            app = create_app(scoring_parts.build(settings), settings)
            return Planted(stack.enter_context(TestClient(app)))

        yield start
