"""Drift of the scores of a period, as JSON, as a page and as gauges."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.version_files import REFERENCE_FILE
from crispml_core.monitoring.drift.records import reference_of_records
from crispml_core.ports.scorer import Answers
from crispml_scoring.drift_gauges import measure
from crispml_scoring.metrics import ScoringMetrics

PATH = "/api/v1/use-cases/toy/drift"
VERSION, BEFORE = "20260101-000000-abcdef01", "20250101-000000-abcdef02"


@pytest.fixture
def watched(scoring_without_champion: Any, toy: Any, toy_rows: Any, manifest_of: Any) -> Any:
    """Scoring whose champion has a reference of 1000 orders."""
    scoring = scoring_without_champion
    train = toy_rows(1000).combine_chunks().to_batches()[0]
    channels = np.array(train.column("channel").to_pylist(), dtype=object)
    answers = Answers(["yes"] * 200, [0.75] * 200, ['{"channel":"web"}'] * 200)
    reference = reference_of_records(
        toy, train, train.column("returned").to_pylist(), {"channel": channels}, answers
    )
    manifest = manifest_of(toy, VERSION)
    scoring.parts.models.publish(manifest, {REFERENCE_FILE: reference.to_bytes()})
    scoring.parts.models.publish(replace(manifest, version=BEFORE), {})
    scoring.parts.aliases.move("toy", "champion", VERSION, expected=None)
    return scoring


def score(scoring: Any, table: Any, **changes: Any) -> list[str]:
    """Score the orders of a table by the version with the reference."""
    records = table.drop_columns(["returned"]).to_pylist()
    ids = []
    for start in range(0, len(records), 100):
        part = [record | changes for record in records[start : start + 100]]
        body = {"records": part, "model_version": VERSION}
        answer = scoring.client.post("/api/v1/use-cases/toy/new-data-score", json=body)
        assert answer.status_code == 200, answer.text
        ids += [one["score_id"] for one in answer.json()["scores"]]
    return ids


def drift(scoring: Any, **params: Any) -> dict[str, Any]:
    answer = scoring.client.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_scores_like_the_training_data_do_not_alert(watched: Any, toy_rows: Any) -> None:
    score(watched, toy_rows(400, seed=5))
    found = drift(watched)
    assert (found["version"], found["rows"], found["reason"]) == (VERSION, 400, None)
    assert found["alerts"] == []
    assert found["detected_at"] is None
    assert found["versions"] == {VERSION: 400}
    assert {"amount", "channel", "prediction", "label"} <= {f["field"] for f in found["fields"]}


def test_what_changed_is_named_with_its_values(watched: Any, toy_rows: Any) -> None:
    score(watched, toy_rows(300, seed=5), channel="phone")
    found = drift(watched)
    fields = {alert["field"] for alert in found["alerts"]}
    assert fields == {"channel"}
    moved = found["alerts"][0]["moved"][0]
    assert moved["value"] == "phone"
    assert moved["current"] == 1.0
    assert found["worst"]["psi"]["field"] == "channel"
    today = found["trend"][-1]
    assert {alert["field"] for alert in today["alerts"]} == {"channel"}
    assert found["detected_at"] == today["from"]


def test_labels_are_compared_too_and_a_correction_counts_once(watched: Any, toy_rows: Any) -> None:
    ids = score(watched, toy_rows(200, seed=5))
    labels = [{"score_id": one, "label": "no"} for one in ids]
    path = "/api/v1/use-cases/toy/new-data-label"
    for value in ("no", "yes"):
        body = {"labels": [label | {"label": value} for label in labels]}
        assert watched.client.post(path, json=body).status_code == 200
    found = drift(watched)
    (label,) = [field for field in found["fields"] if field["role"] == "label"]
    assert label["rows"] == 200
    assert label["alert"]
    assert {cell["value"]: cell["current"] for cell in label["moved"]} == {"yes": 1.0, "no": 0.0}


def test_one_group_is_compared_with_the_group(watched: Any, toy_rows: Any) -> None:
    score(watched, toy_rows(600, seed=5))
    found = drift(watched, segment="channel=web")
    assert 0 < found["rows"] < 600
    assert found["segment"] == "channel=web"
    (channel,) = [field for field in found["fields"] if field["field"] == "channel"]
    assert channel["statistics"]["psi"]["value"] == pytest.approx(0, abs=1e-6)
    assert not any(field["role"] == "label" for field in found["fields"])


def test_a_period_without_scores_says_so(watched: Any) -> None:
    found = drift(watched)
    assert (found["rows"], found["alerts"], found["fields"]) == (0, [], [])
    assert found["reason"] == "no scores in this period"


def test_few_scores_show_their_number_only(watched: Any, toy_rows: Any) -> None:
    score(watched, toy_rows(5))
    found = drift(watched)
    assert (found["rows"], found["fields"], found["trend"]) == (5, [], [])
    assert "fewer than 30 scores" in found["reason"]


def test_a_version_without_a_reference_says_so(scoring: Any) -> None:
    found = drift(scoring)
    assert found["reference"] is None
    assert found["alerts"] == []
    assert "no reference" in found["reason"]


@pytest.mark.parametrize(
    ("params", "status", "said"),
    [
        ({"version": "20200101-000000-00000000"}, 404, "model version"),
        ({"segment": "channel=moon"}, 404, "channel=web"),
        ({"segment": "nothing"}, 404, "segment"),
        ({"from": "2026-02-02T00:00:00Z", "to": "2026-02-01T00:00:00Z"}, 422, "later than from"),
        ({"from": "2026-02-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}, 422, "later than from"),
        ({"from": "2020-01-01T00:00:00Z", "window": "hour"}, 422, "200 windows"),
        ({"to": "0001-01-01T00:00:00Z"}, 422, "between the years"),
        ({"from": "9999-12-31T22:00:00Z", "to": "9999-12-31T23:59:59Z"}, 422, "between the years"),
        ({"window": "year"}, 422, "window"),
        ({"from": "yesterday"}, 422, "moment"),
    ],
)
def test_what_cannot_be_reported_is_refused(
    watched: Any, params: dict[str, str], status: int, said: str
) -> None:
    answer = watched.client.get(PATH, params=params)
    assert answer.status_code == status, answer.text
    assert said in answer.text
    assert "moon" not in answer.text


def test_an_unknown_use_case_and_no_champion_are_not_found(scoring_without_champion: Any) -> None:
    client = scoring_without_champion.client
    assert client.get("/api/v1/use-cases/other/drift").status_code == 404
    answer = client.get(PATH)
    assert answer.status_code == 404
    assert "champion" in answer.json()["detail"]


def test_the_report_is_a_page_for_a_browser(watched: Any, toy_rows: Any) -> None:
    score(watched, toy_rows(300, seed=5), channel="phone")
    for page in (
        watched.client.get(PATH, headers={"Accept": "text/html,*/*;q=0.8"}),
        watched.client.get(PATH, params={"format": "html"}),
    ):
        assert page.status_code == 200
        assert page.headers["Content-Type"].startswith("text/html")
        assert "<svg" in page.text
        assert "phone" in page.text
        assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert watched.client.get(PATH, headers={"Accept": "image/png"}).status_code == 406


@pytest.mark.parametrize("params", [{}, {"version": BEFORE}])
def test_a_page_says_that_there_is_nothing(watched: Any, params: dict[str, str]) -> None:
    page = watched.client.get(PATH, params={"format": "html"} | params)
    assert page.status_code == 200
    assert "No scores in this period" in page.text or "no reference" in page.text


def test_gauges_have_the_effects_of_the_champion(watched: Any, toy_rows: Any) -> None:
    score(watched, toy_rows(300, seed=5), channel="phone")
    registry = CollectorRegistry()
    metrics = ScoringMetrics(registry)

    def gauge(field: str) -> float | None:
        labels = {"use_case": "toy", "version": VERSION, "field": field, "statistic": "psi"}
        return registry.get_sample_value("crispml_drift", labels)

    measure(watched.parts, metrics)
    assert gauge("channel") is None, "nothing is counted for a gauge"
    found = drift(watched)
    measure(watched.parts, metrics)
    assert gauge("channel") == pytest.approx(found["worst"]["psi"]["value"])
    assert gauge("order_id") is None

    watched.parts.aliases.move("toy", "champion", BEFORE, expected=VERSION)
    measure(watched.parts, metrics)
    assert np.isnan(gauge("channel"))


def test_a_defect_of_one_look_does_not_end_the_gauges(watched: Any, monkeypatch: Any) -> None:
    def broken(use_case: str) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(watched.parts.drift, "gauges", broken)
    measure(watched.parts, ScoringMetrics(CollectorRegistry()))


def test_windows_end_with_the_period(watched: Any, toy_rows: Any) -> None:
    score(watched, toy_rows(100, seed=5))
    now = utc_now()
    found = drift(
        watched,
        **{"from": (now - timedelta(days=10)).isoformat(), "to": now.isoformat(), "window": "week"},
    )
    assert found["trend"][0]["from"] == found["window"]["from"]
    assert found["trend"][-1]["to"] == found["window"]["to"]
    assert sum(part["rows"] for part in found["trend"]) == 100
