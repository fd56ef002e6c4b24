"""What a load came to, as a document and as a page."""

from __future__ import annotations

import json

import pytest

from loadtest.config import LoadSettings
from loadtest.figures import Figures
from loadtest.outcomes import Outcome, outcome_of
from loadtest.page import render
from loadtest.result import load_result

ASKED = (
    "acknowledged", "in_ledger", "doubled", "failed", "refused_valid", "p50_ms", "p99_ms",
    "refused_invalid", "accepted_invalid", "requests", "rate", "locust_cpu",
)  # fmt: skip


@pytest.fixture
def result(report, compared):
    return load_result(LoadSettings(), report, compared)


def test_the_document_has_what_was_asked_for(result):
    assert set(ASKED) <= set(result)
    assert json.loads(json.dumps(result)) == result


def test_times_and_rates_are_without_the_warm_up_and_counts_are_of_all(result):
    assert result["requests"] == 100
    assert result["failed"] == 1  # while it warmed up
    assert result["rate"] == 10.0
    assert result["records_per_s"] == 20.0
    assert result["p50_ms"] == pytest.approx(50, rel=0.02)
    assert result["max_ms"] == 100.0
    assert result["locust_cpu"] == 0.3


def test_what_was_not_planned_is_not_in_the_times_at_the_top(report, compared):
    report.figures.add(
        "mixed: cycle",
        Outcome.ANSWERED,
        is_measured=True,
        latency_ms=60_000,
        service_ms=60_000,
        is_open=False,
    )
    result = load_result(LoadSettings(), report, compared)
    assert result["max_ms"] == 100.0
    assert result["by_request"]["mixed: cycle"]["max_ms"] == 60_000


def test_what_was_never_sent_counts_with_the_time_it_waited(report, compared):
    for _ in range(100):
        report.figures.add("single", Outcome.UNSENT, is_measured=True, latency_ms=5000)
    result = load_result(LoadSettings(), report, compared)
    assert result["unsent_share"] == 0.5
    assert result["p90_ms"] == pytest.approx(5000, rel=0.02)
    assert result["service_p99_ms"] == pytest.approx(1.0, rel=0.02)
    assert result["rate"] == 10.0


def test_figures_of_processes_add_up(report):
    total = Figures()
    total.merge(report.figures)
    total.merge(report.figures)
    assert total.by_request["single"].requests == 200
    assert report.figures.by_request["single"].requests == 100


@pytest.mark.parametrize(
    ("status", "is_valid", "expected"),
    [
        (200, True, Outcome.ANSWERED),
        (200, False, Outcome.ACCEPTED_INVALID),
        (422, False, Outcome.REFUSED_INVALID),
        (400, False, Outcome.REFUSED_INVALID),
        (422, True, Outcome.REFUSED_VALID),
        (413, True, Outcome.REFUSED_VALID),
        (401, True, Outcome.FAILED),
        (401, False, Outcome.FAILED),
        (404, False, Outcome.FAILED),
        (429, True, Outcome.FAILED),
        (503, False, Outcome.FAILED),
        (0, True, Outcome.FAILED),
    ],
)
def test_an_answer_means_what_it_must_have_been(status, is_valid, expected):
    assert outcome_of(status, is_valid=is_valid) is expected


def test_the_page_shows_misses_and_lets_nothing_through(result):
    result["thresholds"] = [
        {"name": "failed", "verdict": "missed", "value": 1, "minimum": None, "maximum": 0}
    ]
    result["notes"] = {"<script>": 1}
    page = render(result)
    assert '<tr class="missed"><td>failed' in page
    assert "<script>" not in page
    assert "locust.html" in page
