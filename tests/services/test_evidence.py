"""Refused and failed requests leave an event, with a digest of what came and nothing else of it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from crispml_core.domain.errors import StoreUnavailable

SCORE = "/api/v1/use-cases/toy/new-data-score"
GOOD = {"order_id": "O-1", "amount": 10.5, "items": 2, "channel": "web"}


def events_of(scoring: Any, number: int) -> list[dict[str, Any]]:
    """Wait for so many events besides those of what serves."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        items = scoring.client.get("/api/v1/serving-events").json()["items"]
        found = [event for event in items if event["kind"] != "serving"]
        if len(found) >= number:
            return found
        time.sleep(0.02)
    raise AssertionError("the events were not committed")


def test_a_refused_record_is_an_event_with_its_rule_and_no_digest_that_tells_it(
    scoring: Any,
) -> None:
    body = json.dumps({**GOOD, "channel": "SECRET"}).encode()
    answer = scoring.client.post(
        SCORE, content=body, headers={"Content-Type": "application/json", "X-Request-ID": "r-7"}
    )
    assert answer.status_code == 422
    (event,) = events_of(scoring, 1)
    assert (event["kind"], event["status"], event["code"]) == ("refused", 422, "invalid_records")
    assert (event["rule"], event["field"], event["use_case"]) == ("category", "channel", "toy")
    # A field is dropped, and there is no key that the digest could be an HMAC with.
    assert event["payload_digest"] is None
    assert event["request_id"] == "r-7"
    assert "SECRET" not in json.dumps(event)
    metrics = scoring.client.get("/metrics").text
    assert 'crispml_serving_events_total{code="invalid_records",kind="refused"}' in metrics


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        (SCORE, {"Content-Type": "application/json"}, b"{", 400),
        (SCORE, {"Content-Type": "text/html"}, b"x", 415),
        (SCORE + "?explain=maybe", {"Content-Type": "application/json"}, b"[]", 422),
        ("/api/v1/use-cases/SECRET/new-data-score", {"Content-Type": "text/csv"}, b"x", 404),
        ("/v2/models/toy/infer", {}, b"{}", 422),
        ("/invocations", {"Content-Type": "application/json"}, b"[]", 422),
    ],
)
def test_every_refusal_of_every_dialect_is_an_event(
    scoring: Any, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    assert scoring.client.post(path, content=body, headers=headers).status_code == status
    (event,) = events_of(scoring, 1)
    assert (event["kind"], event["status"]) == ("refused", status)
    assert "SECRET" not in json.dumps(event)


def test_a_request_that_could_not_be_kept_is_a_failed_event(
    scoring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("nothing takes it")

    with monkeypatch.context() as broken:
        broken.setattr(scoring.parts.ledger, "append", away)
        broken.setattr(scoring.parts.engine.durable._journal, "append", away)
        assert scoring.client.post(SCORE, json=GOOD).status_code == 503
    failed = [event for event in events_of(scoring, 1) if event["kind"] == "failed"]
    assert failed[0]["code"] == "store_unavailable"


def test_a_scored_request_is_no_event_and_the_version_that_serves_is_one(scoring: Any) -> None:
    assert scoring.client.post(SCORE, json=GOOD).status_code == 200
    items = scoring.client.get("/api/v1/serving-events?kind=serving").json()["items"]
    assert [(event["code"], event["use_case"]) for event in items] == [("version_serves", "toy")]
    assert scoring.client.get("/api/v1/serving-events?kind=refused").json()["items"] == []
