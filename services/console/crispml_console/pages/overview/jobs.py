"""Runs that have not ended, of both services, with their progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from htmltools import Tag, TagChild, TagList, tags
from shiny import render

from crispml_console.parts import states
from crispml_console.parts.layout import badge
from crispml_console.parts.page import Visit, link
from crispml_console.parts.several import ask_each, scopes
from crispml_console.parts.tables import Column, table
from crispml_console.parts.words import moment
from crispml_console.service.asked import State
from crispml_console.service.call import Call, scoring, training
from crispml_core.client import Run, RunStatus
from crispml_core.client.scoring import ScoringClient
from crispml_core.client.training import TrainingClient

_EVERY_S = 5.0
_SHOWN = 50


def serve_jobs(visit: Visit) -> Callable[[], State[list[Run]]]:
    """Fill the list; return its runs for whoever counts them."""
    calls: list[Call[Iterable[Run]]] = []
    for use_case in scopes(visit):
        for status in (RunStatus.RUNNING, RunStatus.QUEUED):
            given: dict[str, Any] = {"use_case": use_case, "status": status, "limit": _SHOWN}
            calls.append(training(TrainingClient.runs, **given))
            calls.append(scoring(ScoringClient.runs, **given))
    found, _ = ask_each(visit, calls, _EVERY_S)

    @visit.session.output(id="jobs")
    @render.ui
    def jobs() -> TagChild:
        return states.shown(found(), _listed, empty="Nothing runs, and nothing waits to run.")

    return found


def _listed(runs: list[Run]) -> Tag:
    columns = [
        Column[Run]("Use case", lambda r: r.use_case),
        Column[Run](
            "Run", lambda r: tags.a(r.method, href=link("cycle", use_case=r.use_case, run=r.id))
        ),
        Column[Run]("Progress", _progress),
        Column[Run]("Since", lambda r: moment(r.started_at or r.created_at)),
        Column[Run]("Asked for by", lambda r: r.requested_by or "nobody in particular"),
    ]
    return table("Runs that have not ended", columns, runs)


def _progress(run: Run) -> TagChild:
    if run.status is RunStatus.QUEUED:
        return badge("waits")
    percent = f"{run.percent:.0f}"
    return TagList(
        tags.div(
            tags.div(class_="progress-bar", style=f"width:{percent}%"),
            class_="progress",
            role="progressbar",
            aria_label=f"Progress of {run.method}",
            aria_valuenow=percent,
            aria_valuemin="0",
            aria_valuemax="100",
        ),
        tags.span(f"{percent} %, {run.stage or 'begins'}", class_="note"),
    )
