"""tritonclient works unchanged: binary tensors, JSON tensors, metadata, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(run_client: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    return run_client("tritonclient")


def column(values: list[Any]) -> list[list[Any]]:
    return [[value] for value in values]


def test_the_server_and_the_model_are_ready(found: dict[str, Any], model: Any) -> None:
    assert found["live"] is found["ready"] is found["model_ready"] is True
    assert "binary_tensor_data" in found["server"]["extensions"]
    entry = {"name": model.name, "version": model.version, "state": "READY", "reason": ""}
    assert entry in found["index"]


def test_metadata_say_what_to_send(found: dict[str, Any], model: Any) -> None:
    inputs = {each["name"]: each["datatype"] for each in found["model"]["inputs"]}
    assert list(inputs) == list(model.records[0])
    assert inputs["amount"] == "FP64"
    assert inputs["channel"] == "BYTES"
    assert model.version in found["model"]["versions"]


def test_what_the_client_sends_by_default_gets_the_scores_of_our_own_client(
    found: dict[str, Any], model: Any
) -> None:
    assert found["default"]["predict"] == column([each.prediction for each in model.scores])
    assert found["default"]["probability"] == column([each.probability for each in model.scores])


def test_json_tensors_get_the_same_scores(found: dict[str, Any], model: Any) -> None:
    known = [each for each, row in zip(model.scores, model.records, strict=True) if row["discount"]]
    assert found["json"]["rows"] == len(known)
    assert found["json"]["predict"] == column([each.prediction for each in known])
    assert found["json"]["probability"] == column([each.probability for each in known])


def test_every_output_can_be_asked_for(found: dict[str, Any], model: Any) -> None:
    given = found["all"]
    assert given["probability"] == column([row[1] for row in given["predict_proba"]])
    for (identifier,), score in zip(given["score_id"], model.scores, strict=True):
        stored = model.stored(identifier)
        assert stored.record_key == score.record_key
        assert stored.probability == score.probability


def test_a_single_score_is_named_in_the_answer(found: dict[str, Any], model: Any) -> None:
    response = found["one"]["response"]
    assert response["id"] == "seven"
    assert response["model_version"] == model.version
    stored = model.stored(response["parameters"]["score_id"])
    assert stored.record_key == model.records[0]["order_id"]


def test_compressed_requests_and_answers_are_understood(found: dict[str, Any]) -> None:
    assert found["compressed"]["predict"] == found["default"]["predict"] * 20


def test_a_refusal_reaches_the_client_as_a_sentence(found: dict[str, Any]) -> None:
    assert found["error"].startswith("row 0: field channel must be one of")


def test_a_plugin_of_the_client_shows_a_key_where_one_is_asked_for(
    run_client: Callable[..., dict[str, Any]], closed: dict[str, str], found: dict[str, Any]
) -> None:
    given = run_client("tritonclient", **closed)
    assert given["without_key"].startswith("this needs a credential")
    assert given["default"]["predict"] == found["default"]["predict"]
    assert given["json"]["probability"] == found["json"]["probability"]
    assert given["compressed"]["predict"] == found["compressed"]["predict"]
    assert (given["live"], given["ready"], given["model_ready"]) == (True, True, True)
