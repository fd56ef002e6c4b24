"""Data files in the body of data-ingestion."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

INGEST = "/api/v1/use-cases/toy/data-ingestion"
CSV = {"Content-Type": "text/csv; charset=utf-8"}
PARQUET = {"Content-Type": "application/vnd.apache.parquet"}


@pytest.mark.parametrize(("headers", "kind"), [(CSV, "csv"), (PARQUET, "parquet")])
def test_a_file_is_kept_for_the_run(training: Any, headers: dict[str, str], kind: str) -> None:
    content = bytes(range(256)) * 400
    answer = training.client.post(
        INGEST,
        content=content,
        headers=headers,
        params={"owner": "ops", "sensitivity": "restricted"},
    )
    assert answer.status_code == 202
    parameters = answer.json()["parameters"]
    assert (parameters["owner"], parameters["sensitivity"]) == ("ops", "restricted")
    path = training.parts.uploads.path(parameters["upload_id"])
    assert path.suffix == f".{kind}"
    assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(content).digest()


def test_an_upload_may_be_larger_than_a_json_body(training: Any) -> None:
    answer = training.client.post(INGEST, content=b"x" * 100_000, headers=CSV)
    assert answer.status_code == 202


@pytest.mark.parametrize("streamed", [False, True])
def test_an_upload_over_its_limit_leaves_nothing(training: Any, streamed: bool) -> None:
    chunks = (b"x" * 1000 for _ in range(200))
    content = chunks if streamed else b"x" * 200_000
    answer = training.client.post(INGEST, content=content, headers=CSV)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert training.uploads() == {}


@pytest.mark.parametrize(
    ("path", "content", "headers", "status"),
    [
        (INGEST, b"", CSV, 400),
        (INGEST.replace("toy", "nobody"), b"a\n", CSV, 404),
        (INGEST, b"a\n", {**CSV, "Content-Encoding": "gzip"}, 415),
        (INGEST, b"a\n", {"Content-Type": "text/csv; charset=latin-1"}, 415),
        (INGEST, b"a\n", {"Content-Type": "application/zip"}, 415),
        (INGEST + "?sample=0.5", b"a\n", CSV, 422),
        (INGEST + "?owner=" + "x" * 1001, b"a\n", CSV, 422),
    ],
)
def test_a_refused_upload_leaves_nothing(
    training: Any, path: str, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = training.client.post(path, content=content, headers=headers)
    assert answer.status_code == status
    assert training.uploads() == {}
    assert training.parts.runs.find() == []


def test_a_repeated_upload_is_the_same_run_and_one_file(training: Any) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = training.client.post(INGEST, content=b"a\n1\n", headers={**CSV, **key})
    again = training.client.post(INGEST, content=b"a\n1\n", headers={**CSV, **key})
    assert again.json()["id"] == first.json()["id"]
    assert list(training.uploads()) == [first.json()["parameters"]["upload_id"]]
    other = training.client.post(INGEST, content=b"a\n2\n", headers={**CSV, **key})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(training.uploads()) == 1


def test_options_of_a_json_request_belong_into_its_body(training: Any) -> None:
    answer = training.client.post(INGEST + "?owner=ops", json={})
    assert answer.status_code == 422
    assert "JSON body" in answer.json()["detail"]
