"""Reports are read the same way in both services."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.models import Artefact, ArtefactKind

PAGE = b"<!doctype html><title>toy</title>"


@pytest.fixture
def report_ids(training: Any) -> list[str]:
    """Three reports of fitted models, newest first."""
    ids = [str(new_id()) for _ in range(3)]
    for report_id in ids:
        training.parts.artefacts.publish(
            Artefact(
                id=report_id,
                kind=ArtefactKind.REPORT,
                use_case="toy",
                created_at=utc_now(),
                facts={"kpis": {"auc": 0.8}},
            ),
            {"report.json": json.dumps({"kpis": {"auc": 0.8}}).encode(), "report.html": PAGE},
        )
    return [item.id for item in training.parts.artefacts.find("toy", ArtefactKind.REPORT)]


def test_a_model_report_is_json_or_a_page(training: Any, report_ids: list[str]) -> None:
    path = f"/api/v1/reports/{report_ids[0]}"
    report = training.client.get(path).json()
    assert (report["id"], report["use_case"]) == (report_ids[0], "toy")
    assert report["content"] == {"kpis": {"auc": 0.8}}
    for page in (
        training.client.get(path, headers={"Accept": "text/html,*/*;q=0.8"}),
        training.client.get(path, params={"format": "html"}),
    ):
        assert page.content == PAGE
        assert page.headers["Content-Type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert training.client.get(path, headers={"Accept": "image/png"}).status_code == 406
    assert training.client.get(path, params={"format": "pdf"}).status_code == 422


def test_model_reports_are_listed_by_page(training: Any, report_ids: list[str]) -> None:
    first = training.client.get("/api/v1/reports?limit=2&use_case=toy").json()
    rest = training.client.get(f"/api/v1/reports?limit=2&cursor={first['next_cursor']}").json()
    assert [item["id"] for item in first["items"] + rest["items"]] == report_ids
    assert rest["next_cursor"] is None
    assert first["items"][0]["facts"] == {"kpis": {"auc": 0.8}}


def test_a_verification_report_is_made_stored_and_shown(scoring: Any) -> None:
    body = {"from": "2020-01-01T00:00:00Z", "to": "2030-01-01T00:00:00+01:00"}
    made = scoring.client.post("/api/v1/use-cases/toy/new-data-report", json=body)
    assert made.status_code == 201
    assert made.headers["Location"] == f"/api/v1/reports/{made.json()['id']}"
    assert made.json()["content"]["scored"] == 0
    assert scoring.client.get(made.headers["Location"]).json() == made.json()
    page = scoring.client.get(made.headers["Location"], headers={"Accept": "text/html"})
    assert page.text.lower().startswith("<!doctype html>")
    assert "<script" not in page.text
    (item,) = scoring.client.get("/api/v1/reports?use_case=toy").json()["items"]
    assert (item["id"], item["facts"]["scored"]) == (made.json()["id"], 0)


def test_a_report_needs_no_body_and_a_repeated_key_returns_the_first(scoring: Any) -> None:
    path, key = "/api/v1/use-cases/toy/new-data-report", {"Idempotency-Key": "k-1"}
    first = scoring.client.post(path, headers=key)
    assert first.status_code == 201
    assert scoring.client.post(path, headers=key).json() == first.json()
    other = scoring.client.post(path, json={"as_of": "2026-01-01T00:00:00Z"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, 422),
        ({"version": "CANARY"}, 404),
        ({"start": "2026-01-01T00:00:00Z"}, 422),
        ({"as_of": "2199-01-01T00:00:00Z"}, 422),
    ],
)
def test_a_report_of_nothing_is_refused(scoring: Any, body: Any, status: int) -> None:
    answer = scoring.client.post("/api/v1/use-cases/toy/new-data-report", json=body)
    assert answer.status_code == status
    assert "CANARY" not in answer.text
    assert scoring.parts.reports.find() == []


def test_a_report_is_a_table_for_who_wants_csv(
    scoring: Any, training: Any, report_ids: Any
) -> None:
    made = scoring.client.post("/api/v1/use-cases/toy/new-data-report").json()
    path = f"/api/v1/reports/{made['id']}"
    for table in (
        scoring.client.get(path, headers={"Accept": "text/csv"}),
        scoring.client.get(path, params={"format": "csv"}),
    ):
        assert table.headers["Content-Type"].startswith("text/csv")
        lines = table.text.splitlines()
        assert lines[0] == "section,group,name,value,low,high,n,note"
        assert "labels,,scored,0,,,," in lines


def test_reports_are_found_by_what_was_asked_and_by_their_content(scoring: Any) -> None:
    path = "/api/v1/use-cases/toy/new-data-report"
    body = {
        "from": "2026-01-01T00:00:00Z",
        "to": "2026-02-01T00:00:00Z",
        "as_of": "2026-03-01T00:00:00Z",
    }
    first, again = (scoring.client.post(path, json=body).json() for _ in range(2))
    other = scoring.client.post(path, json=body | {"from": "2026-01-02T00:00:00Z"}).json()

    def found(**query: Any) -> list[str]:
        page = scoring.client.get("/api/v1/reports", params=query).json()
        return [item["id"] for item in page["items"]]

    both = [again["id"], first["id"]]
    assert (first["digest"], found(digest=first["digest"])) == (again["digest"], both)
    assert found(**body) == both
    assert found(to=body["to"]) == [other["id"], *both]
    assert found(version="v9") == []
    # The next page goes on with the same question.
    page = scoring.client.get("/api/v1/reports", params={"limit": 1, "from": body["from"]}).json()
    rest = found(**{"limit": 1, "from": body["from"], "cursor": page["next_cursor"]})
    assert [page["items"][0]["id"], *rest] == both


def test_training_has_no_verification_reports(training: Any, report_ids: list[str]) -> None:
    answer = training.client.get("/api/v1/reports?as_of=2026-03-01T00:00:00Z")
    assert (answer.status_code, "scoring service" in answer.text) == (422, True)
