"""MLflow's scoring client works unchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(run_client: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    return run_client("mlflow")


def test_a_frame_with_missing_numbers_gets_the_decisions_of_our_own_client(
    found: dict[str, Any], model: Any
) -> None:
    decisions = [[each.prediction] for each in model.scores]
    assert found["split"] == decisions
    assert found["by_version"] == decisions
    assert found["list"] == decisions


def test_probabilities_are_there_for_the_asking(found: dict[str, Any], model: Any) -> None:
    assert [row[1] for row in found["proba"]] == [each.probability for each in model.scores]


@pytest.mark.parametrize("form", ["records", "instances", "csv"])
def test_the_other_forms_of_a_body_give_the_same(
    found: dict[str, Any], model: Any, form: str
) -> None:
    assert found[form] == [each.prediction for each in model.scores]


def test_the_scores_are_stored_and_their_ids_are_in_the_headers(
    found: dict[str, Any], model: Any
) -> None:
    headers = found["headers"]
    assert headers["crispml-version"] == model.version
    stored = model.stored(headers["crispml-score-id"])
    assert stored.record_key == model.records[0]["order_id"]


def test_health_and_version_are_answered(found: dict[str, Any]) -> None:
    assert found["health"] == 200
    assert found["version"]


def test_a_refusal_reaches_the_client_with_field_and_row(found: dict[str, Any]) -> None:
    assert "row 0: field channel must be one of" in found["error"]
