"""Scores and labels over REST."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from crispml_core.domain.errors import StoreUnavailable
from crispml_core.serving.stored_inputs import stored_rows, verify_rows

SCORE, LABEL = (f"/api/v1/use-cases/toy/new-data-{verb}" for verb in ("score", "label"))
VERSION = "20260101-000000-abcdef01"


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def record(number: int) -> dict[str, Any]:
    return {"order_id": f"O-{number}", "amount": 10.5, "items": 2, "channel": "web"}


@pytest.mark.parametrize(
    "body",
    [
        record(1),
        [record(1)],
        {"records": [record(1)]},
        {"records": [record(1)], "alias": "champion"},
    ],
)
def test_one_record_in_any_wrapping_gets_one_durable_score(scoring: Any, body: Any) -> None:
    answer = scoring.client.post(SCORE, json=body, headers={"X-Request-ID": "r-1"})
    assert answer.status_code == 200
    batch = answer.json()
    assert (batch["use_case"], batch["model"], batch["version"]) == ("toy", "toy", VERSION)
    assert (batch["alias"], batch["durability"]) == ("champion", "database")
    (score,) = batch["scores"]
    assert (score["record_key"], score["prediction"], score["probability"]) == ("O-1", "yes", 0.75)
    assert score["probabilities"] == {"no": 0.25, "yes": 0.75}
    assert score["segments"] == {"channel": "web"}
    stored = scoring.client.get(f"/api/v1/scores/{score['score_id']}").json()
    assert (stored["group_id"], stored["request_id"]) == (batch["group_id"], "r-1")


def test_a_named_version_answers_instead_of_an_alias(scoring: Any) -> None:
    body = {"records": [record(1)], "model_version": VERSION}
    answer = scoring.client.post(SCORE, json=body).json()
    assert (answer["version"], answer["alias"]) == (VERSION, None)


def test_scores_keep_the_order_of_the_records(scoring: Any) -> None:
    answer = scoring.client.post(SCORE, json=[record(number) for number in range(20)]).json()
    assert [row["record_key"] for row in answer["scores"]] == [f"O-{n}" for n in range(20)]


def test_a_repeated_key_gets_the_same_scores_again(scoring: Any) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = scoring.client.post(SCORE, json=[record(1)], headers=key)
    again = scoring.client.post(SCORE, json=[record(1)], headers=key)
    assert again.json() == first.json()
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(scoring.parts.ledger.find()) == 1
    other = scoring.client.post(SCORE, json=[record(2)], headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_without_a_champion_nothing_is_scored(scoring_without_champion: Any) -> None:
    scoring = scoring_without_champion
    answer = scoring.client.post(SCORE, json=record(1))
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert answer.headers["Retry-After"]
    assert "toy has no champion" in answer.json()["detail"]


def test_an_unknown_alias_is_not_found_and_not_repeated(scoring: Any) -> None:
    answer = scoring.client.post(SCORE, json={"records": [record(1)], "alias": "CANARY"})
    assert (answer.status_code, answer.json()["code"]) == (404, "alias_not_found")
    assert "known: champion" in answer.json()["detail"]
    assert "CANARY" not in answer.text
    assert scoring.parts.ledger.find() == []


@pytest.mark.parametrize("number", [2, 300])
def test_records_in_a_wrapping_are_the_same_records(scoring: Any, number: int) -> None:
    records = [record(n) for n in range(number)]
    plain = scoring.client.post(SCORE, json=records).json()
    for more in ({}, {"alias": "champion"}, {"model_version": plain["version"]}):
        answer = scoring.client.post(SCORE, json={"records": records, **more})
        assert answer.status_code == 200
        found = answer.json()
        assert found["alias"] == (None if "model_version" in more else "champion")
        assert [{**score, "score_id": ""} for score in found["scores"]] == [
            {**score, "score_id": ""} for score in plain["scores"]
        ]
        group = scoring.parts.ledger.group(found["group_id"])
        names, rows = stored_rows(group)
        assert [dict(zip(names, row, strict=True)) for row in rows] == records
        assert verify_rows(group) == []
    both = scoring.client.post(SCORE + "?alias=champion", json={"records": records, "alias": "x"})
    assert both.status_code == 422


def test_too_many_records_are_refused(scoring: Any, settings: Any) -> None:
    server = settings.server.model_copy(update={"max_records": 2})
    scoring.app.state.settings = settings.model_copy(update={"server": server})
    assert scoring.client.post(SCORE, json=[record(1), record(2)]).status_code == 200
    answer = scoring.client.post(SCORE, json=[record(n) for n in range(3)])
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    labels = [{"record_key": f"O-{n}", "label": "no"} for n in range(3)]
    assert scoring.client.post(LABEL, json=labels).status_code == 413


def test_while_the_database_is_away_scores_go_to_the_journal_and_come_back(
    scoring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("the database does not answer")

    ledger = scoring.parts.ledger
    with monkeypatch.context() as broken:
        broken.setattr(ledger, "append", away)
        answers = [scoring.client.post(SCORE, json=record(n)) for n in range(3)]
        assert [(a.status_code, a.json()["durability"]) for a in answers] == [(200, "journal")] * 3
        checks = scoring.client.get("/readyz?verbose").json()["checks"]
        assert "3 transactions wait for the database" in checks["journal"]
        keyed = scoring.client.post(SCORE, json=record(4), headers={"Idempotency-Key": "k"})
        assert (keyed.status_code, keyed.json()["code"]) == (503, "store_unavailable")
        assert "crispml_journal_transactions 3.0" in scoring.client.get("/metrics").text
    ids = {answer.json()["scores"][0]["score_id"] for answer in answers}
    until(lambda: {score.score_id for score in ledger.find()} == ids)
    until(lambda: scoring.client.post(SCORE, json=record(5)).json()["durability"] == "database")
    assert scoring.client.get("/readyz?verbose").json()["checks"]["journal"] == "ok"


def test_a_score_that_neither_database_nor_journal_takes_is_no_score(
    scoring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("nothing takes it")

    monkeypatch.setattr(scoring.parts.ledger, "append", away)
    monkeypatch.setattr(scoring.parts.engine.durable._journal, "append", away)
    for body in (record(1), [record(1)]):
        answer = scoring.client.post(SCORE, json=body)
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert answer.headers["Retry-After"]
        assert answer.headers["X-Request-ID"]


def test_scores_are_found_by_window_and_key(scoring: Any) -> None:
    scoring.client.post(SCORE, json=[record(n) for n in range(5)])
    scores = scoring.client.get("/api/v1/scores?limit=3&use_case=toy").json()
    assert [score["record_key"] for score in scores["items"]] == ["O-4", "O-3", "O-2"]
    rest = scoring.client.get(f"/api/v1/scores?limit=3&cursor={scores['next_cursor']}").json()
    assert [score["record_key"] for score in rest["items"]] == ["O-1", "O-0"]
    found = scoring.client.get("/api/v1/scores?record_key=O-3").json()["items"]
    assert [score["record_key"] for score in found] == ["O-3"]
    at = found[0]["scored_at"]
    assert scoring.client.get("/api/v1/scores", params={"to": at}).json()["items"] == []
    assert len(scoring.client.get("/api/v1/scores", params={"from": at}).json()["items"]) == 5
    assert scoring.client.get("/api/v1/scores?version=other").json()["items"] == []
    assert scoring.client.get("/api/v1/scores/none").status_code == 404


def test_each_label_gets_its_verdict(scoring: Any) -> None:
    scores = scoring.client.post(SCORE, json=[record(1), record(2)]).json()["scores"]
    labels = [
        {"score_id": scores[0]["score_id"], "label": "no", "source": "returns"},
        {"record_key": "O-2", "label": "yes", "label_time": "2026-01-02T03:04:05Z"},
        {"record_key": "O-2", "label": "yes"},
        {"record_key": "O-2", "label": "no"},
        {"record_key": "O-99", "label": "no"},
    ]
    answer = scoring.client.post(LABEL, json={"labels": labels})
    assert answer.status_code == 200
    verdicts = [row["verdict"] for row in answer.json()["rows"]]
    assert verdicts == ["accepted", "accepted", "duplicate", "superseded", "unknown"]
    assert [row["row"] for row in answer.json()["rows"]] == [0, 1, 2, 3, 4]
    assert answer.json()["rows"][2]["label_id"] is None
    assert answer.json()["counts"] == {
        "accepted": 2,
        "duplicate": 1,
        "superseded": 1,
        "unknown": 1,
    }
    found = scoring.client.get("/api/v1/labels?record_key=O-2").json()["items"]
    assert [(label["value"], label["is_current"]) for label in found] == [
        ("no", True),
        ("yes", False),
    ]


def test_a_list_of_labels_needs_no_wrapping_and_every_verdict_is_counted(scoring: Any) -> None:
    answer = scoring.client.post(LABEL, json=[{"record_key": "O-1", "label": "no"}]).json()
    assert answer["counts"] == {"accepted": 0, "duplicate": 0, "superseded": 0, "unknown": 1}
    assert scoring.client.post(LABEL, json=[]).status_code == 422


def test_a_repeated_import_is_the_first_one(scoring: Any) -> None:
    key, labels = {"Idempotency-Key": "k-1"}, [{"record_key": "O-1", "label": "no"}]
    first = scoring.client.post(LABEL, json=labels, headers=key).json()
    assert scoring.client.post(LABEL, json=labels, headers=key).json() == first
    assert len(scoring.parts.labels.find()) == 1
    other = scoring.client.post(LABEL, json={"labels": labels}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
