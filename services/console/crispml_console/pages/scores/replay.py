"""Asking another version about records that were answered already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from htmltools import Tag, TagChild, TagList
from shiny import render, ui

from crispml_console.pages.scores.dossier import read
from crispml_console.pages.scores.replayed import result
from crispml_console.parts import actions, states
from crispml_console.parts.downloads import download_button, serve_file
from crispml_console.parts.layout import card, row
from crispml_console.parts.moments import moment_input, moment_of
from crispml_console.parts.page import Place, Visit
from crispml_console.parts.words import amount
from crispml_console.service.call import Call, page, scoring, training
from crispml_core.client import PageOf, PublishedVersion, VerificationReport
from crispml_core.client.scoring import ScoringClient
from crispml_core.client.training import TrainingClient

_VERSIONS = 200


@dataclass(frozen=True, slots=True)
class Window:
    """Which records are asked about again: those of [start, end) that a version answered."""

    use_case: str
    start: datetime | None = None
    end: datetime | None = None
    of_version: str | None = None


def card_of_one(place: Place) -> Tag:
    """Return the card below one score."""
    return card(
        "Replay against another version",
        ui.output_ui("replay_about"),
        row(ui.output_ui("replay_versions"), actions.button("replay", "Replay")),
        ui.output_ui("replayed"),
    )


def serve_one(visit: Visit, dossier: Callable[[], dict[str, Any] | None]) -> None:
    """Serve the card below one score.

    A score is replayed with those that were committed at the same moment: a replay is about a
    window, and stores nothing of a single record.
    """

    @visit.session.output(id="replay_about")
    @render.ui
    def about() -> TagChild:
        found = dossier()
        rows = 0 if found is None else read(found).group.rows
        return (
            f"Another version is asked about the {amount(rows, 'record')} that this version "
            "answered at the same moment. No score is written."
        )

    def window() -> Window:
        found = dossier()
        if found is None:
            raise ValueError("The dossier is still on its way.")
        score = read(found).score
        end = score.scored_at + timedelta(microseconds=1)
        return Window(score.use_case, score.scored_at, end, score.version)

    _serve(visit, window)


def body(place: Place) -> TagChild:
    """Return the part of the page about windows of any length."""
    query = place.query
    return card(
        "Replay a window",
        row(
            moment_input("replay_from", "From", moment_of(query.get("from"))),
            moment_input("replay_to", "To", moment_of(query.get("to"))),
            ui.output_ui("replay_versions"),
            actions.button("replay", "Replay"),
        ),
        "A version is asked about the records of the window once more: what would have been "
        "decided otherwise, and what it would have cost. No score is written.",
        ui.output_ui("replayed"),
    )


def serve(visit: Visit) -> None:
    """Serve the part of the page about windows of any length."""

    def window() -> Window:
        start, end = (moment_of(visit.input[name]()) for name in ("replay_from", "replay_to"))
        if start is not None and end is not None and start >= end:
            raise ValueError("The window ends before it begins: set To after From.")
        return Window(visit.place.use_case, start, end)

    _serve(visit, window)


def _serve(visit: Visit, window: Callable[[], Window]) -> None:
    versions = visit.asked(page(training(TrainingClient.versions, visit.place.use_case), _VERSIONS))

    @visit.session.output(id="replay_versions")
    @render.ui
    def choice() -> TagList:
        return states.shown(versions(), _choice)

    def call() -> Call[VerificationReport]:
        asked = window()
        return scoring(
            ScoringClient.replay,
            asked.use_case,
            visit.input["replay_version"](),
            start=asked.start,
            end=asked.end,
            of_version=asked.of_version,
        )

    action = actions.Action(visit, "replay", call)

    @visit.session.output(id="replayed")
    @render.ui
    def shown() -> TagChild:
        state = action.asked()
        if state.value is None:
            return states.waiting() if state.is_asking else None
        return TagList(result(state.value), download_button("replay_page", "Report as a page"))

    def report_id() -> str:
        report = action.asked().value
        return "" if report is None else report.id

    serve_file(
        visit,
        "replay_page",
        lambda: f"replay-{report_id()}.html",
        lambda: scoring(ScoringClient.report_html, report_id()),
    )


def _choice(found: PageOf[PublishedVersion]) -> TagChild:
    choices = {one.version: f"{one.version} · {one.algorithm}" for one in found.items}
    return ui.input_select("replay_version", "Version that answers now", choices, selectize=False)
