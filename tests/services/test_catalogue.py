"""The catalogue over REST."""

from __future__ import annotations

from typing import Any

import pytest

from crispml_core.domain.catalogue import Sensitivity
from crispml_core.domain.datasets import DataSet, Stage

DATASETS = "/api/v1/datasets"


@pytest.fixture
def family(training: Any, toy_rows: Any) -> tuple[DataSet, DataSet]:
    """A raw data set and what was prepared from it."""

    def put(stage: Stage, **manifest: Any) -> DataSet:
        writer = training.parts.datasets.writer("toy", stage)
        for batch in toy_rows(20).to_batches():
            writer.write(batch)
        stored: DataSet = writer.publish(**manifest)
        return stored

    raw = put(Stage.RAW, owner="ops", tags=["q1"], sensitivity="confidential")
    return raw, put(Stage.PREPARED, parents=[raw.id])


def patch(training: Any, dataset: DataSet, if_match: str | None = '"0"', **body: Any) -> Any:
    headers = {} if if_match is None else {"If-Match": if_match}
    return training.client.patch(f"{DATASETS}/{dataset.id}", json=body, headers=headers)


def test_a_data_set_is_described_found_and_its_history_kept(training: Any, family: Any) -> None:
    raw, prepared = family
    seen = training.client.get(f"{DATASETS}/{raw.id}")
    assert seen.headers["ETag"] == '"0"'
    changed = patch(
        *(training, raw, seen.headers["ETag"]),
        owner="risk",
        tags=["q1", "loans"],
        reason="moved",
        noted_by="ann",
    )
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"1"')
    assert training.client.get(f"{DATASETS}/{raw.id}").json() == changed.json()
    assert changed.json()["content_digest"] == raw.content_digest
    assert training.parts.datasets.get(raw.id) == raw  # the manifest stays as it is

    derived = training.client.get(f"{DATASETS}/{prepared.id}").json()
    assert (derived["owner"], derived["sensitivity"]) == ("risk", "confidential")
    assert derived["inherited"] == ["owner", "tags", "sensitivity"]

    (note,) = training.client.get(f"{DATASETS}/{raw.id}/notes").json()["items"]
    assert (note["noted_by"], note["reason"]) == ("ann", "moved")
    assert note["changes"] == {"owner": "risk", "tags": ["q1", "loans"]}

    for query, stages in (
        ("q=LOANS%20channel", ["prepared", "raw"]),
        ("q=nothing", []),
        ("tag=loans&stage=raw", ["raw"]),
        ("owner=ops", []),
        ("owner=risk&use_case=toy&sensitivity=confidential", ["prepared", "raw"]),
        ("sensitivity=public", []),
    ):
        items = training.client.get(f"{DATASETS}?{query}").json()["items"]
        assert sorted(item["stage"] for item in items) == stages, query


def test_a_search_comes_in_pages(training: Any, family: Any) -> None:
    first = training.client.get(f"{DATASETS}?q=ops&limit=1").json()
    second = training.client.get(
        f"{DATASETS}?q=ops&limit=1", params={"cursor": first["next_cursor"]}
    )
    found = [*first["items"], *second.json()["items"]]
    assert {item["id"] for item in found} == {dataset.id for dataset in family}
    assert second.json()["next_cursor"] is None


def test_the_sensitivity_of_a_derived_data_set_falls_with_a_reason(
    training: Any, family: Any
) -> None:
    raw, prepared = family
    refused = patch(training, prepared, sensitivity="public")
    assert (refused.status_code, "reason" in refused.json()["detail"]) == (422, True)
    assert patch(training, prepared, sensitivity="public", reason="counts only").json()[
        "sensitivity"
    ] == ("public")
    patch(training, raw, sensitivity="restricted")
    # Nobody said that the data may be public although their source became restricted.
    assert training.client.get(f"{DATASETS}/{prepared.id}").json()["sensitivity"] == "restricted"


@pytest.mark.parametrize(
    ("if_match", "body", "status", "code"),
    [
        (None, {"owner": "x"}, 428, "precondition_required"),
        ('"1"', {"owner": "x"}, 412, "precondition_failed"),
        ("CANARY", {"owner": "x"}, 422, "invalid_input"),
        ("*", {}, 422, "invalid_input"),
        ("*", {"reason": "CANARY"}, 422, "invalid_input"),
        ("*", {"CANARY": 1}, 422, "invalid_input"),
        ("*", {"sensitivity": "CANARY"}, 422, "invalid_input"),
        ("*", {"tags": ["CANARY" * 20]}, 422, "invalid_input"),
        ("*", {"sensitivity": "public"}, 422, "invalid_input"),
    ],
)
def test_what_cannot_be_said_changes_nothing(
    training: Any, family: Any, if_match: str | None, body: Any, status: int, code: str
) -> None:
    before = training.client.get(f"{DATASETS}/{family[0].id}").json()
    answer = patch(training, family[0], if_match, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "CANARY" not in answer.text
    assert training.client.get(f"{DATASETS}/{family[0].id}").json() == before


def test_an_unknown_data_set_is_not_found(training: Any) -> None:
    path = f"{DATASETS}/none"
    answers = [
        training.client.get(path),
        training.client.get(f"{path}/notes"),
        training.client.patch(path, json={"owner": "x"}, headers={"If-Match": "*"}),
    ]
    assert {answer.status_code for answer in answers} == {404}


@pytest.mark.parametrize("level", list(Sensitivity))
def test_an_ingestion_takes_every_level(training: Any, level: Sensitivity) -> None:
    answer = training.client.post(
        "/api/v1/use-cases/toy/data-ingestion", json={"sensitivity": level.value}
    )
    assert answer.json()["parameters"]["sensitivity"] == level.value


def test_an_ingestion_with_a_word_for_its_own_sensitivity_is_refused(training: Any) -> None:
    answer = training.client.post(
        "/api/v1/use-cases/toy/data-ingestion", json={"sensitivity": "CANARY"}
    )
    assert answer.status_code == 422
    assert "CANARY" not in answer.text
