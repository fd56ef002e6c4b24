"""What the page of monitoring makes of answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from crispml_console.pages.monitoring.cycles import cycle_figure
from crispml_console.pages.monitoring.kpi_plots import kpi_figure
from crispml_console.pages.monitoring.kpis import kpis_of
from crispml_console.pages.monitoring.methods import times_of
from crispml_console.pages.monitoring.requests import live_figure, routes_of
from crispml_console.pages.monitoring.timeline import timeline_figure
from crispml_console.parts.answers import Interval, drift_of, verified
from crispml_console.parts.exposition import Exposition
from crispml_console.parts.traffic import Reading, scoring_requests
from crispml_core.client import METHODS, AliasEvent, Run, RunStatus, VerificationReport
from crispml_core.domain.runs import MethodTiming

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
AUC = {"value": 0.8, "low": 0.7, "high": 0.9}


def report(as_of=MOMENT, **changes):
    content = {
        "window": {"start": None, "end": None, "as_of": as_of.isoformat()},
        "scored": 10,
        "labelled": 8,
        "coverage": 0.8,
        "version": None,
        "gates": [{"kpi": "auc", "bound": ">= 0.75", "minimum": 0.75, "verdict": "undecided"}],
        "verdict": {"overall": "undecided", "basis": "realised", "why": "", "kpis": {"auc": AUC}},
        "periods": [],
        **changes,
    }
    return verified(
        VerificationReport(id="r", use_case="credit", created_at=as_of, content=content)
    )


def move(moved_at, version="20260101-000000-abcd"):
    return AliasEvent(
        model="credit", alias="champion", version=version, sequence=1, moved_at=moved_at
    )


def points():
    return [
        (MOMENT, Interval(0.8, 0.7, 0.9), "all versions"),
        (MOMENT + DAY, Interval(0.7, 0.65, 0.72), "all versions"),
    ]


def test_moves_of_the_champion_are_marked_where_the_plot_reaches():
    moves = [move(MOMENT - DAY), move(MOMENT + DAY / 2), move(MOMENT + 2 * DAY)]
    layout = kpi_figure("auc", points(), report(), moves)["layout"]
    assert [shape["x0"] for shape in layout["shapes"]] == [moves[1].moved_at.isoformat()]
    assert [note["text"] for note in layout["annotations"]] == ["abcd"]


def test_a_kpi_is_drawn_with_its_interval_and_its_gate():
    kpi, gate = kpi_figure("auc", points(), report(), [])["data"]
    assert kpi["y"] == [0.8, 0.7]
    assert [round(low, 3) for low in kpi["error_y"]["arrayminus"]] == [0.1, 0.05]
    assert (gate["name"], gate["y"]) == ("gate >= 0.75", [0.75, 0.75])
    assert len(kpi_figure("brier", points(), report(), [])["data"]) == 1


def test_kpis_with_a_gate_are_offered_first_and_those_without_an_interval_never():
    kpis = {"brier": AUC, "threshold": {"value": None}, "auc": AUC}
    verdict = {"overall": "met", "basis": "realised", "why": "", "kpis": kpis}
    assert kpis_of([report(verdict=verdict)]) == ["auc", "brier"]
    assert kpis_of([report(verdict=None, gates=[])]) == []


def test_fields_that_drift_are_named_once_the_surest_first():
    answer = {
        "version": "1",
        "versions": {"1": 5},
        "rows": 5,
        "reason": None,
        "fields": [],
        "alerts": [
            {"field": "age", "statistic": "psi", "value": 1},
            {"field": "sex", "statistic": "psi"},
            {"field": "age", "statistic": "chi_square"},
        ],
        "trend": [],
        "segments": [],
    }
    assert drift_of(answer).drifting == ["age", "sex"]


def metrics(*seconds, methods=()):
    registry = CollectorRegistry()
    taken = Histogram(
        "crispml_http_request_duration_seconds", "", ["method", "route"], registry=registry
    )
    answered = Counter(
        "crispml_http_requests", "", ["method", "route", "status"], registry=registry
    )
    for each in seconds:
        taken.labels("POST", "/api/v1/use-cases/{use_case}/new-data-score").observe(each)
        answered.labels("POST", "/api/v1/use-cases/{use_case}/new-data-score", "503").inc()
        taken.labels("GET", "/readyz").observe(each)
        taken.labels("GET", "/api/v1/runs").observe(each)
    called = Histogram(
        "crispml_method_duration_seconds",
        "",
        ["use_case", "method", "outcome"],
        registry=registry,
    )
    for use_case, method, outcome in methods:
        called.labels(use_case, method, outcome).observe(1)
    return Exposition(generate_latest(registry).decode())


def test_routes_that_score_come_first_and_probes_not_at_all():
    scoring, other = routes_of(metrics(0.1, 0.1))
    assert (scoring.path.endswith("new-data-score"), scoring.failed) == (True, 2)
    assert (other.path, other.failed) == ("/api/v1/runs", 0)
    assert scoring_requests(metrics(0.1, 0.1)).count == 2


def test_the_live_plot_has_what_happened_between_two_moments():
    a_second, median, *_ = live_figure(
        [(0.0, Reading.of(metrics(9.0))), (5.0, Reading.of(metrics(9.0, *[0.01] * 10)))]
    )["data"]
    assert a_second["y"] == [2.0]
    assert 5 <= median["y"][0] <= 10


def test_the_nine_methods_are_there_also_those_that_nobody_called():
    called = [
        ("credit", "model-training", "ok"),
        ("credit", "model-training", "error"),
        ("churn", "model-training", "ok"),
    ]
    times = times_of([metrics(methods=called), metrics()], "credit")
    assert [each.method for each in times] == list(METHODS)
    (trained,) = [each for each in times if each.taken.count]
    assert (trained.method, trained.taken.count, trained.failed) == ("model-training", 2, 1)


def test_a_cycle_is_made_of_its_methods_for_all_algorithms():
    def step(method, seconds):
        return MethodTiming(
            method=method, status=RunStatus.SUCCEEDED, started_at=MOMENT, seconds=seconds
        )

    steps = (step("data-ingestion", 1), step("model-training", 2), step("model-training", 3))
    run = Run(
        id="1",
        use_case="credit",
        method="cycle",
        status=RunStatus.SUCCEEDED,
        parameters={},
        created_at=MOMENT,
        timeout_s=1,
        steps=steps,
    )
    figure = cycle_figure([run])
    assert {trace["name"]: trace["y"] for trace in figure["data"]} == {
        "data-ingestion": [1.0],
        "model-training": [5.0],
    }


def test_a_dry_run_has_a_mark_for_each_rule_and_moment():
    timeline = [
        {"at": "2026-01-01T00:00:00Z", "decisions": [{"rule": "few", "state": "quiet"}]},
        {"at": "2026-01-02T00:00:00Z", "decisions": [{"rule": "few", "state": "firing"}]},
    ]
    figure = timeline_figure(timeline)
    assert {trace["name"]: (trace["x"], trace["y"]) for trace in figure["data"]} == {
        "firing": (["2026-01-02T00:00:00Z"], ["few"]),
        "quiet": (["2026-01-01T00:00:00Z"], ["few"]),
    }
