"""Replays over REST: made once, kept as reports, read as JSON and as a page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crispml_core import UseCase
from tests.services.service import CHALLENGER, VERSION
from tests.services.test_split import URL, record

ROUTE = "/api/v1/use-cases/toy/replays"


@pytest.fixture
def toy(toy: UseCase) -> UseCase:
    """The orders with all of their fields stored."""
    return replace(toy, fields=[replace(field, privacy="keep") for field in toy.fields])


@pytest.fixture
def scored(scoring: Any) -> Any:
    scoring.client.post(URL, json=[record(f"O-{number}") for number in range(40)])
    return scoring


def test_a_replay_becomes_a_report_that_is_read_as_json_and_as_a_page(scored: Any) -> None:
    made = scored.client.post(ROUTE, json={"version": VERSION})
    assert made.status_code == 201, made.text
    content = made.json()["content"]
    assert (content["kind"], content["scored"], content["overall"]["identical"]) == (
        "replay", 40, 40,
    )  # fmt: skip
    path = made.headers["Location"]
    assert scored.client.get(path).json()["content"] == content
    page = scored.client.get(path, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert f"what version {VERSION} would have said" in page.text
    listed = scored.client.get("/api/v1/reports").json()["items"]
    assert [report["facts"]["kind"] for report in listed] == ["replay"]
    table = scored.client.get(path, params={"format": "csv"}).text.splitlines()
    assert "replay,,identical,40,,,40," in table


def test_a_key_makes_one_replay(scored: Any) -> None:
    ids = {
        scored.client.post(
            ROUTE, json={"version": CHALLENGER}, headers={"Idempotency-Key": "k"}
        ).json()["id"]
        for _ in range(2)
    }
    assert len(ids) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"version": "CANARY"}, 404),
        ({"version": VERSION, "CANARY": 1}, 422),
        ({"version": VERSION, "from": "2020-01-02T00:00:00Z", "to": "2020-01-01T00:00:00Z"}, 422),
        ({"version": VERSION, "to": "2020-01-01T00:00:00Z"}, 422),
    ],
)
def test_what_cannot_be_replayed_is_refused_and_leaves_no_report(
    scored: Any, body: Any, status: int
) -> None:
    answer = scored.client.post(ROUTE, json=body)
    assert answer.status_code == status
    assert "CANARY" not in answer.text
    assert scored.client.get("/api/v1/reports").json()["items"] == []
    assert scored.client.post(ROUTE.replace("toy", "other"), json=body).status_code in (404, 422)
