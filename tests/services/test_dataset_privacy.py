"""How well rows hide one another, over REST."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crispml_core.domain.dataset_privacy import DataSetPrivacy
from crispml_core.domain.datasets import DataSet, Stage

DECLARED = DataSetPrivacy(quasi_identifiers=("channel",), sensitive=("returned",), k=3)


@pytest.fixture
def dataset(training: Any, toy_rows: Any) -> DataSet:
    writer = training.parts.datasets.writer("toy", Stage.RAW)
    for batch in toy_rows(90).to_batches(max_chunksize=40):
        writer.write(batch)
    stored: DataSet = writer.publish()
    return stored


@pytest.fixture
def declare(training: Any, toy: Any) -> Any:
    def run(privacy: DataSetPrivacy) -> None:
        training.parts.use_cases["toy"] = replace(toy, privacy=privacy)

    return run


def test_a_report_takes_what_is_left_out_from_the_use_case(
    training: Any, dataset: DataSet, declare: Any
) -> None:
    address = f"/api/v1/datasets/{dataset.id}/privacy-report"
    assert training.client.get(address).status_code == 422
    declare(DECLARED)
    found = training.client.get(address).json()
    assert found["dataset_id"] == dataset.id
    assert (found["rows"], found["holds"], found["asked"]["k"]) == (90, True, 3)
    assert found["diversity"][0]["column"] == "returned"
    assert sum(part["rows"] for part in found["sizes"]) == 90

    finer = training.client.get(address, params={"quasi_identifiers": "channel,items,amount"})
    assert finer.json()["asked"]["sensitive"] == ["returned"]
    assert finer.json()["holds"] is False
    assert training.client.get(address, params={"k": 10_000}).json()["rows_below"] == 90
    for wrong in ({"k": 0}, {"l": "nan"}, {"quasi_identifiers": "CANARY"}, {"diversity": "x"}):
        refused = training.client.get(address, params=wrong)
        assert refused.status_code == 422
        assert "CANARY" not in refused.text
    assert training.client.get("/api/v1/datasets/none/privacy-report").status_code == 404


@pytest.mark.parametrize("what", ["content", "rows"])
def test_rows_that_tell_too_much_do_not_leave(
    training: Any, dataset: DataSet, declare: Any, what: str
) -> None:
    address = f"/api/v1/datasets/{dataset.id}/{what}"
    declare(DECLARED)
    assert training.client.get(address).status_code == 200
    declare(replace(DECLARED, k=1000))
    refused = training.client.get(address)
    assert (refused.status_code, refused.json()["code"]) == (409, "privacy_refused")
    assert "privacy.k asks for 1000 rows" in refused.json()["detail"]
    assert "web" not in refused.text
