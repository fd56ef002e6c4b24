"""Verdicts on versions over REST."""

from __future__ import annotations

from typing import Any

import pytest

VERSION = "20260101-000000-abcdef01"
HEALTH = f"/api/v1/models/toy/versions/{VERSION}/health"


@pytest.fixture
def judged(training: Any, scoring: Any) -> Any:
    """A training service with a version."""
    training.parts.models.publish(scoring.parts.models.get("toy", VERSION), {})
    return training


def test_verdicts_are_kept_and_weighed(judged: Any) -> None:
    bad = judged.client.post(
        HEALTH, json={"healthy": False, "reason": "auc below its gate", "evidence": "r-1"}
    )
    assert (bad.status_code, bad.json()["fit"], bad.json()["streak"]) == (201, False, 1)
    good = {"healthy": True, "reason": "auc is back", "judged_by": "ann"}
    assert judged.client.post(HEALTH, json=good).json()["fit"] is False
    assert judged.client.post(HEALTH, json=good).json()["fit"] is True
    page = judged.client.get(HEALTH, params={"limit": 2}).json()
    assert [item["sequence"] for item in page["items"]] == [3, 2]
    rest = judged.client.get(HEALTH, params={"cursor": page["next_cursor"]}).json()
    assert [item["reason"] for item in rest["items"]] == ["auc below its gate"]


def test_a_repeated_verdict_counts_once(judged: Any) -> None:
    for _ in range(2):
        answer = judged.client.post(
            HEALTH,
            json={"healthy": True, "reason": "good"},
            headers={"Idempotency-Key": "key-1"},
        )
        assert (answer.status_code, answer.json()["streak"]) == (201, 1)
    assert len(judged.client.get(HEALTH).json()["items"]) == 1


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (HEALTH, {"healthy": False}, 422),
        (HEALTH, {"healthy": "no", "reason": "CANARY"}, 422),
        (HEALTH, {"healthy": False, "reason": ""}, 422),
        (HEALTH, {"healthy": False, "reason": "CANARY" * 1000}, 422),
        (HEALTH.replace("toy", "CANARY"), {"healthy": False, "reason": "CANARY"}, 404),
        (HEALTH.replace(VERSION, "CANARY"), {"healthy": False, "reason": "CANARY"}, 404),
    ],
)
def test_a_verdict_about_nothing_is_refused(judged: Any, path: str, body: Any, status: int) -> None:
    answer = judged.client.post(path, json=body)
    assert answer.status_code == status
    assert "CANARY" not in answer.text
    assert judged.client.get(HEALTH).json()["items"] == []
