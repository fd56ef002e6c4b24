"""Asking over REST to make a version again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crispml_core.domain.datasets import Stage
from crispml_core.domain.models import ModelVersion

VERSION = "20260101-000000-abcdef01"
PATH = f"/api/v1/models/toy/versions/{VERSION}/reproduce"


@pytest.fixture
def published(training: Any, scoring: Any, toy_rows: Any) -> ModelVersion:
    """A version in training whose raw data are there."""
    writer = training.parts.datasets.writer("toy", Stage.RAW)
    for batch in toy_rows(20).to_batches():
        writer.write(batch)
    manifest = scoring.parts.models.get("toy", VERSION)
    lineage = replace(manifest.lineage, raw=writer.publish().id)
    stored: ModelVersion = training.parts.models.publish(replace(manifest, lineage=lineage), {})
    return stored


def test_a_run_is_queued_and_its_result_read(training: Any, published: Any) -> None:
    queued = training.client.post(PATH)
    assert queued.status_code == 202
    run = queued.json()
    assert (run["method"], run["use_case"]) == ("reproduce", "toy")
    assert run["parameters"] == {"model": "toy", "version": VERSION}
    assert queued.headers["Location"] == f"/api/v1/runs/{run['id']}"
    training.end_run(run["id"], level="identical")
    assert training.client.get(queued.headers["Location"]).json()["result"] == {
        "level": "identical"
    }
    listed = training.client.get("/api/v1/runs?method=reproduce").json()["items"]
    assert [item["id"] for item in listed] == [run["id"]]


def test_a_repeated_request_starts_one_run(training: Any, published: Any) -> None:
    headers = {"Idempotency-Key": "one"}
    ids = {training.client.post(PATH, headers=headers).json()["id"] for _ in range(2)}
    assert len(ids) == 1


def test_what_cannot_be_made_again_queues_nothing(
    training: Any, published: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = replace(
        published, version="20260102-000000-abcdef02", lineage=replace(published.lineage, raw="x")
    )
    other = replace(published, version="20260103-000000-abcdef03", algorithm="forest")
    strange = replace(published, version="20260104-000000-abcdef04", use_case="nobody")
    for manifest in (gone, other, strange):
        training.parts.models.publish(manifest, {})
    for path, body, status, said in (
        (PATH.replace(VERSION, "CANARY"), {}, 404, "no such model version"),
        (PATH.replace("toy", "CANARY"), {}, 404, "no such model version"),
        (PATH.replace(VERSION, gone.version), {}, 422, "raw data set"),
        (PATH.replace(VERSION, other.version), {}, 404, "no such algorithm"),
        (PATH.replace(VERSION, strange.version), {}, 404, "no such use case"),
        (PATH, {"CANARY": 1}, 422, "unknown"),
        (PATH, {"timeout_s": 0}, 422, "timeout_s"),
    ):
        answer = training.client.post(path, json=body)
        assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text
        assert "CANARY" not in answer.text
    assert training.parts.runs.find() == []
