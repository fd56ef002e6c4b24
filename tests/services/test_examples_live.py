"""The shipped use cases after their release: all of their records, scored, labelled, verified."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from crispml_core.adapters.sql.schema import migrate
from crispml_core.bootstrap import scoring as scoring_parts
from crispml_core.bootstrap import training as training_parts
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.runs import CYCLE, Run, RunStatus
from crispml_core.settings import CrispMLSettings
from crispml_scoring.app import create_app

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

pytestmark = pytest.mark.trial

EXAMPLES = Path(__file__).parents[2] / "examples"
CSV = {"Content-Type": "text/csv", "Accept": "application/json"}


def settings_of(folder: Path, use_case: str) -> CrispMLSettings:
    """Return the settings of services on stores of their own."""
    url = f"sqlite:///{folder}/crispml.db"
    migrate.upgrade(url)
    return CrispMLSettings.model_validate(
        {
            "use_cases": (use_case,),
            "database": {"url": url},
            "registry": {"path": folder / "registry"},
            "journal": {"path": folder / "journal"},
            "batch": {"path": folder / "batches"},
        }
    )


def train(settings: CrispMLSettings, name: str) -> None:
    """Train a linear model, and make it champion."""
    parts = training_parts.build(settings)
    try:
        asked = {"promote": True, "algorithms": ["logistic_regression"]}
        run = Run(
            id=str(new_id()),
            use_case=name,
            method=CYCLE,
            status=RunStatus.RUNNING,
            parameters=parts.training.check(name, CYCLE, asked),
            created_at=utc_now(),
            timeout_s=120,
        )
        assert parts.training.execute(run)["promoted"]
    finally:
        parts.close()


def send(client: TestClient, path: str, table: pd.DataFrame) -> Any:
    """Send a table as CSV."""
    body = io.StringIO()
    table.to_csv(body, index=False)
    answer = client.post(path, content=body.getvalue().encode(), headers=CSV)
    assert answer.status_code == 200, answer.text
    return answer.json()


def live(client: TestClient, name: str, records: pd.DataFrame, truth: pd.Series) -> Any:
    """Score, label and verify all records; return the content of the report."""
    path = f"/api/v1/use-cases/{name}"
    scores = send(client, f"{path}/new-data-score", records)["scores"]
    ids = [score["score_id"] for score in scores]
    send(client, f"{path}/new-data-label", pd.DataFrame({"score_id": ids, "label": truth}))
    answer = client.post(f"{path}/new-data-report", json={})
    assert answer.status_code == 201, answer.text
    return answer.json()["content"]


@pytest.mark.parametrize(
    ("reference", "target", "segments"),
    [
        ("german_credit/use_case.py:german_credit", "risk", {"sex", "age_group"}),
        ("telco_churn/use_case.yaml", "churn", {"senior_citizen", "female"}),
    ],
    ids=["german_credit", "telco_churn"],
)
def test_each_example_is_looked_at_for_unequal_treatment(
    tmp_path: Path, reference: str, target: str, segments: set[str]
) -> None:
    name = reference.partition("/")[0]
    settings = settings_of(tmp_path, f"{EXAMPLES}/{reference}")
    train(settings, name)
    table = pd.read_csv(EXAMPLES / name / f"{name}.csv", dtype=str, keep_default_na=False)
    records, truth = table.drop(columns=[target]), table[target]
    with TestClient(create_app(scoring_parts.build(settings), settings)) as client:
        content = live(client, name, records, truth)
        if name == "german_credit":
            _the_model_never_saw_the_sex(client, records)

    assert content["verdict"]["basis"] == "realised"
    attributes = {found["segment"]: found for found in content["fairness"]["attributes"]}
    assert set(attributes) == segments
    for attribute in attributes.values():
        assert attribute["verdict"] in ("fair", "unfair", "undecided")
        shown = [group for group in attribute["groups"] if not group["suppressed"]]
        assert len(shown) > 1
        assert sum(group["n"] for group in shown) == len(records)
        for group in shown:
            assert group["labelled"] == group["n"]
            assert group["calibration"] is not None
            if group["group"] != attribute["reference"]:
                found = group["compared"]
                for criterion in ("disparate_impact", "equal_opportunity", "calibration"):
                    assert found[criterion]["low"] < found[criterion]["high"]


def _the_model_never_saw_the_sex(client: TestClient, records: pd.DataFrame) -> None:
    """Records of another sex get the answers that they had."""
    other = records.head(50).assign(
        personal_status_sex=[
            "male : single" if text.startswith("female") else "female : divorced/separated/married"
            for text in records.head(50)["personal_status_sex"]
        ]
    )
    path = "/api/v1/use-cases/german_credit/new-data-score"
    as_they_are, turned = (send(client, path, some)["scores"] for some in (records.head(50), other))
    assert [one["probability"] for one in as_they_are] == [one["probability"] for one in turned]
