"""What happens right now, in four numbers."""

from __future__ import annotations

from collections.abc import Callable

from htmltools import Tag
from shiny import render

from crispml_console.parts.layout import figure, grid
from crispml_console.parts.page import Visit
from crispml_console.parts.settled import steady
from crispml_console.parts.traffic import Traffic
from crispml_console.parts.words import NONE, amount, number
from crispml_console.service.asked import State
from crispml_core.client import Alert, Run

SCORES = "crispml_scores_total"


def serve_now(
    visit: Visit,
    traffic: Traffic,
    alerts: Callable[[], State[list[Alert]]] | None,
    jobs: Callable[[], State[list[Run]]] | None,
) -> None:
    """Fill the first row of the page."""
    told = steady(lambda: _scores(traffic))

    @visit.session.output(id="now")
    @render.ui
    def now() -> Tag:
        return grid(
            _tile("Scores a second", *told()),
            *([_alerts(alerts())] if alerts else []),
            *([_jobs(jobs())] if jobs else []),
        )


def _scores(traffic: Traffic) -> tuple[str, str]:
    state = traffic()
    if state.value is None:
        return NONE, "not known" if state.error else "being measured"
    total = state.value.total(SCORES)
    second = traffic.scores_a_second()
    return (
        NONE if second is None else number(second, 1),
        f"over the last minute; {amount(total, 'score')} since scoring started",
    )


def _alerts(state: State[list[Alert]]) -> Tag:
    if state.value is None:
        return _tile("Open alerts", NONE, "not known" if state.error else "being asked for")
    alone = sum(alert.acknowledged_at is None for alert in state.value)
    level = "bad" if alone else "warn" if state.value else "good"
    note = f"{alone} without somebody who looks after it" if state.value else "no rule fires"
    return _tile("Open alerts", number(len(state.value)), note, level)


def _jobs(state: State[list[Run]]) -> Tag:
    if state.value is None:
        return _tile("Running jobs", NONE, "not known" if state.error else "being asked for")
    waiting = sum(run.started_at is None for run in state.value)
    note = f"and {waiting} in the queue" if waiting else "none waits"
    return _tile("Running jobs", number(len(state.value) - waiting), note)


def _tile(name: str, value: str, note: str, level: str = "") -> Tag:
    tile = figure(name, value, note, state=level)
    tile.add_class("card")
    return tile
