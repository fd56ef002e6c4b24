"""MLServer's codecs work unchanged: pandas frames, single columns, one matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(run_client: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    return run_client("mlserver")


def test_a_frame_gets_the_scores_of_our_own_client(found: dict[str, Any], model: Any) -> None:
    assert found["predict"] == [each.prediction for each in model.scores]
    assert found["probability"] == [each.probability for each in model.scores]
    assert found["version"] == model.version


def test_columns_of_single_codecs_get_the_same_scores(found: dict[str, Any], model: Any) -> None:
    known = [each for each, row in zip(model.scores, model.records, strict=True) if row["discount"]]
    assert found["rows"] == len(known)
    assert found["labels"] == [each.prediction for each in known]
    assert found["numbers"] == [each.probability for each in known]
    assert found["id"] == "seven"


def test_a_matrix_of_texts_is_scored(found: dict[str, Any], model: Any) -> None:
    assert len(found["matrix"]) == len(model.records)
    assert set(found["matrix"]) <= {"no", "yes"}


def test_a_missing_column_is_refused_with_its_name(found: dict[str, Any]) -> None:
    assert found["error"]["status"] == 422
    assert found["error"]["error"] == "column amount is missing"
    assert found["error"]["errors"][0]["field"] == "amount"
