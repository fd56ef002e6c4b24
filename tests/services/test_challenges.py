"""How a challenger stands, over REST."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.service import CHALLENGER, VERSION
from tests.services.test_split import URL, challenge, record, until

ROUTE = "/api/v1/models/toy/challenge"


def test_the_status_of_a_challenger_has_both_versions_and_a_decision(scoring: Any) -> None:
    challenge(scoring, 0.0)
    keys = [f"O-{number}" for number in range(20)]
    scoring.client.post(URL, json=[record(key) for key in keys])
    labels = [{"record_key": key, "label": "no"} for key in keys]
    scoring.client.post("/api/v1/use-cases/toy/new-data-label", json={"labels": labels})
    until(lambda: scoring.client.get(ROUTE).json()["records"]["compared"] == 20)
    found = scoring.client.get(ROUTE).json()
    assert (found["champion"]["version"], found["challenger"]["version"]) == (VERSION, CHALLENGER)
    assert (found["metric"], found["design"], found["serving"]) == ("cost", "paired", True)
    assert found["gain"]["mean"] == 0.0
    assert (found["decision"], found["decided_at"]) == ("wait", None)
    assert found["declared"]["min_effect"] == pytest.approx(0.02 * 3)
    before = scoring.client.get(ROUTE, params={"as_of": "2020-01-01T00:00:00Z"})
    assert before.status_code == 404


def test_without_a_challenger_there_is_no_challenge(scoring: Any) -> None:
    answer = scoring.client.get(ROUTE)
    assert (answer.status_code, answer.json()["code"]) == (404, "alias_not_found")
    assert "let the alias challenger point at a version" in answer.json()["detail"]
    assert scoring.client.get(ROUTE.replace("toy", "CANARY")).status_code == 404
    assert scoring.client.get(ROUTE, params={"as_of": "CANARY"}).status_code == 422


def test_a_promoted_challenger_is_a_conflict(scoring: Any) -> None:
    challenge(scoring, 0.0)
    scoring.parts.aliases.move("toy", "champion", CHALLENGER, expected=VERSION)
    answer = scoring.client.get(ROUTE)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
