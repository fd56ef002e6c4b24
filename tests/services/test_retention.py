"""Retention over REST."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from crispml_core.domain.events import EventKind, ServingEvent
from crispml_core.domain.identifiers import utc_now

RETENTION = "/api/v1/retention"


def events_of_ages(training: Any, *days: int) -> None:
    ledger = training.parts.lineage().stores.ledger
    for age in days:
        moment = utc_now() - timedelta(days=age)
        ledger.append([], [ServingEvent(kind=EventKind.REFUSED, code="x", occurred_at=moment)])


def rows(answer: Any) -> dict[str, int]:
    return {rule["table"]: rule["rows"] for rule in answer.json()["rules"]}


def test_what_grew_too_old_is_shown_and_then_deleted(training: Any) -> None:
    events_of_ages(training, 1, 91, 92)

    shown = training.client.get(RETENTION)
    assert shown.status_code == 200
    assert rows(shown) == {"serving_events": 2, "deliveries": 0}
    assert shown.json()["dry_run"] is True

    done = training.client.post(RETENTION, json={"within_s": 10})
    assert done.status_code == 200
    assert rows(done)["serving_events"] == 2
    assert (done.json()["dry_run"], done.json()["complete"]) == (False, True)
    assert rows(training.client.get(RETENTION))["serving_events"] == 0


def test_a_request_ends_in_time(training: Any) -> None:
    for within in (0, 61, "x"):
        assert training.client.post(RETENTION, json={"within_s": within}).status_code == 422
    assert training.client.post(RETENTION).json()["complete"] is True
