from __future__ import annotations

import json
from datetime import UTC, datetime

import httpx
import pytest

from crispml_core.client.scoring import ScoringClient
from crispml_core.domain.events import EventKind
from crispml_core.domain.labels import Verdict

SCORE = "/api/v1/use-cases/credit/new-data-score"
ANSWER = {
    "use_case": "credit",
    "model": "credit",
    "version": "v1",
    "alias": "champion",
    "group_id": "g",
    "durability": "database",
    "scores": [
        {
            "score_id": "s1",
            "record_key": "1",
            "prediction": "bad",
            "probability": 0.7,
            "probabilities": {"good": 0.3, "bad": 0.7},
            "segments": {"age": "< 25"},
        }
    ],
}


@pytest.fixture
def scoring(service):
    return ScoringClient(service.connection())


def test_scores_come_back_typed_and_in_order(service, scoring):
    service.on("POST", SCORE, ANSWER)

    answer = scoring.score("credit", [{"id": "1", "age": 20}], version="v1")

    assert json.loads(service.requests[0].content) == {
        "records": [{"id": "1", "age": 20}],
        "model_version": "v1",
    }
    assert (answer.version, answer.durability, answer.replayed) == ("v1", "database", False)
    assert answer.scores[0].probability == 0.7


def test_a_repeated_request_is_told_apart(service, scoring):
    headers = {"Idempotency-Replayed": "true"}
    service.on("POST", SCORE, httpx.Response(200, json=ANSWER, headers=headers))

    assert scoring.score("credit", [{}], idempotency_key="k").replayed


def test_a_number_is_a_prediction_too(service, scoring):
    scored = {"score_id": "s", "record_key": "1", "prediction": 3.5, "probability": None}
    service.on("POST", SCORE, {**ANSWER, "scores": [scored]})

    assert scoring.score("credit", [{}]).scores[0].prediction == 3.5


def test_labels_get_one_verdict_per_row(service, scoring):
    receipt = {
        "import_id": "i",
        "use_case": "credit",
        "received_at": "2026-01-01T00:00:00Z",
        "counts": {"accepted": 1, "duplicate": 1, "superseded": 0, "unknown": 0},
        "rows": [
            {"row": 0, "verdict": "accepted", "label_id": "l"},
            {"row": 1, "verdict": "duplicate", "label_id": None},
        ],
    }
    service.on("POST", "/api/v1/use-cases/credit/new-data-label", receipt)

    answer = scoring.label("credit", [{"score_id": "s1", "label": "bad"}] * 2)

    assert [row.verdict for row in answer.rows] == [Verdict.ACCEPTED, Verdict.DUPLICATE]
    assert answer.counts["accepted"] == 1


def test_a_report_asks_for_its_window_in_utc(service, scoring):
    report = {"id": "r", "use_case": "credit", "created_at": "2026-02-01T00:00:00Z", "content": {}}
    service.on("POST", "/api/v1/use-cases/credit/new-data-report", httpx.Response(201, json=report))

    made = scoring.verify("credit", start=datetime(2026, 1, 1, tzinfo=UTC), version="v1")

    assert made.id == "r"
    assert json.loads(service.requests[0].content) == {
        "from": "2026-01-01T00:00:00+00:00",
        "version": "v1",
    }


def test_a_batch_is_queued_from_a_file_or_a_query_and_waited_for(service, scoring):
    service.on("POST", SCORE, service.run(status="queued"))
    service.on("GET", "/api/v1/runs/r1", service.run(status="succeeded", result={"rows": 5}))

    run = scoring.score_job("credit", "scores/1", parquet="in.parquet", idempotency_key="k")
    assert scoring.wait(run).result == {"rows": 5}
    scoring.score_job("credit", "scores/2", query="SELECT 1", connection="dwh", version="v1")

    assert service.requests[0].headers["Idempotency-Key"] == "k"
    assert json.loads(service.requests[0].content) == {
        "source": {"parquet": "in.parquet"},
        "sink": {"parquet": "scores/1"},
    }
    assert service.body("new-data-score", -1) == {
        "source": {"sql": {"query": "SELECT 1", "connection": "dwh"}},
        "sink": {"parquet": "scores/2"},
        "model_version": "v1",
    }


def test_metrics_come_as_the_text_that_prometheus_reads(service, scoring):
    service.on("GET", "/metrics", httpx.Response(200, text="crispml_ready 1.0\n"))

    assert scoring.metrics() == "crispml_ready 1.0\n"


def test_events_of_scoring_come_typed(service, scoring):
    event = {
        "event_id": "e1",
        "kind": "refused",
        "code": "invalid_records",
        "occurred_at": "2026-03-01T12:00:00Z",
        "use_case": "credit",
        "rule": "required",
        "field": "age",
        "status": 422,
    }
    service.on("GET", "/api/v1/serving-events", {"items": [event], "next_cursor": None})

    (found,) = scoring.serving_events(use_case="credit", kind=EventKind.REFUSED)

    asked = dict(service.requests[0].url.params)
    assert (asked["use_case"], asked["kind"]) == ("credit", "refused")
    assert (found.kind, found.field, found.rule) == (EventKind.REFUSED, "age", "required")
    assert found.occurred_at == datetime(2026, 3, 1, 12, tzinfo=UTC)
