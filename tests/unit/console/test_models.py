"""What the page of models makes of what it is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from crispml_console.pages.models import words
from crispml_console.pages.models.differences import kpi_pairs, settings
from crispml_console.pages.models.timeline import timeline
from crispml_console.parts import kpis
from crispml_core.client import AliasEvent

START = datetime(2026, 1, 1, tzinfo=UTC)


def kpi(value, low=None, high=None):
    return {"value": value, "low": low, "high": high}


def test_lower_is_better_where_it_is():
    assert kpis.gain("auc", 0.7, 0.8) > 0
    assert kpis.gain("brier", 0.2, 0.1) > 0
    assert kpis.gain("expected_cost", 0.1, 0.2) < 0
    assert kpis.gain("threshold", 0.1, 0.2) is None
    assert kpis.gain("auc", None, 0.2) is None


def test_a_difference_is_clear_only_where_the_intervals_do_not_meet():
    first = {"kpis": {"auc": kpi(0.7, 0.6, 0.75), "recall": kpi(0.5, 0.4, 0.6), "f1": kpi(0.5)}}
    second = {"kpis": {"auc": kpi(0.8, 0.76, 0.9), "recall": kpi(0.6, 0.5, 0.7), "mae": kpi(1.0)}}
    found = {pair.kpi: pair for pair in kpi_pairs(first, second)}
    assert found["auc"].is_clear
    assert found["auc"].gain > 0
    assert not found["recall"].is_clear
    assert found["f1"].second is None
    assert found["f1"].gain is None
    assert found["mae"].first is None


def test_what_differs_comes_first():
    found = settings({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 5, "d": 4})
    assert [(s.name, s.differs) for s in found] == [
        ("b", True),
        ("c", True),
        ("d", True),
        ("a", False),
    ]


def event(alias, version, day, **more):
    moved = START + timedelta(days=day)
    return AliasEvent(model="m", alias=alias, version=version, sequence=day, moved_at=moved, **more)


def test_an_alias_is_at_a_version_until_it_moves_on():
    moves = [
        event("zeta", "v1", 0),
        event("champion", "v1", 1),
        event("champion", "v2", 3),
        event("challenger", "v2", 4, traffic=0.1),
        event("challenger", "", 5),
    ]
    figure = timeline(moves, START + timedelta(days=9))
    bars = [(t["y"][0], t["name"], t["x"][0][8:10], t["x"][1][8:10]) for t in figure["data"]]
    assert bars == [
        ("champion", "v1", "02", "04"),
        ("champion", "v2", "04", "10"),
        ("challenger", "v2", "05", "06"),
        ("zeta", "v1", "01", "10"),
    ]
    named = [t["name"] for t in figure["data"] if t["showlegend"]]
    assert sorted(named) == ["v1", "v2"]
    roles = {(t["name"], t["role"]) for t in figure["data"]}
    assert len(roles) == 2


def test_a_reason_is_no_markup_of_a_figure():
    figure = timeline([event("champion", "v1", 0, reason="<a href='x'>%{y}")], START)
    assert "<a" not in figure["data"][0]["hovertemplate"]
    assert figure["data"][0]["hovertemplate"].count("%{y}") == 1


def test_who_moved_an_alias_is_a_person_or_a_run_that_can_be_looked_at():
    assert words.who("credit", "user:ann") == "user:ann"
    assert words.who("credit", "") == "nobody known"
    assert "/cycle?use_case=credit&amp;run=0123456789" in str(words.who("credit", "run 0123456789"))
