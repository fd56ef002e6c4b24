"""Who answers now, and how the aliases moved: on a time line and as a table."""

from __future__ import annotations

from datetime import UTC, datetime

from htmltools import Tag, TagChild, TagList, tags
from shiny import reactive, render, ui

from crispml_console.pages.models import asks, words
from crispml_console.pages.models.timeline import timeline
from crispml_console.parts import states
from crispml_console.parts.layout import badge, card, grid, row
from crispml_console.parts.page import Place, Visit
from crispml_console.parts.plots import plot
from crispml_console.parts.tables import Column, PagedTable
from crispml_console.parts.words import moment, share, short
from crispml_console.service.asked import State
from crispml_console.service.call import Call, page, scoring, training
from crispml_core.client import AliasEvent, PageOf
from crispml_core.client.scoring import ScoringClient
from crispml_core.client.training import TrainingClient

_SIZE = 10
_ROLES = ("champion", "challenger", "fallback")
_MEANINGS = {
    "champion": "answers",
    "challenger": "scores in the shadow",
    "fallback": "answers when the champion cannot",
}


def body(place: Place) -> TagChild:
    """Return what stands there before a service was asked."""
    return card(
        "Aliases over time",
        ui.output_ui("alias_line"),
        tags.details(
            tags.summary("Every move as a table"),
            row(ui.input_select("moved_alias", "Alias", {name: name for name in _ROLES})),
            PagedTable.body("moves"),
        ),
    )


def serve(visit: Visit) -> None:
    """Fill the outputs."""
    model = visit.place.use_case
    moved = visit.asked(training(asks.moves, model))
    checks = visit.asked(scoring(ScoringClient.checks), every_s=10.0)

    @render.ui
    def answering() -> TagChild:
        return states.shown(moved(), lambda found: _answering(model, found), empty=_nobody(model))

    @render.ui
    def serving() -> TagChild:
        return _serving(model, checks())

    @render.ui
    def alias_line() -> TagChild:
        return states.shown(
            moved(),
            lambda found: plot(
                "Which version each alias pointed at",
                timeline(found, datetime.now(UTC)),
                height=100 + 44 * len({event.alias for event in found}),
            ),
            empty="No alias has moved yet.",
        )

    @reactive.effect
    def offers_all() -> None:
        found = [event.alias for event in moved().value or ()]
        if not set(found) <= set(_ROLES):
            with reactive.isolate():
                chosen = visit.input.moved_alias()
            ui.update_select(
                "moved_alias", choices=list(dict.fromkeys([*_ROLES, *found])), selected=chosen
            )

    def call(cursor: str | None) -> Call[PageOf[AliasEvent]]:
        alias = visit.input.moved_alias()
        return page(training(TrainingClient.alias_history, model, alias), _SIZE, cursor)

    PagedTable(
        visit,
        "moves",
        "Moves of the alias, newest first",
        _columns(model),
        call,
        empty="This alias never pointed at a version.",
    )


def _answering(model: str, found: list[AliasEvent]) -> TagChild:
    now = {event.alias: event for event in found}  # the newest of each comes last
    return TagList(
        grid(*(_role(model, alias, now.get(alias)) for alias in _ROLES)),
        ui.output_ui("serving"),
    )


def _nobody(model: str) -> Tag:
    return grid(*(_role(model, alias, None) for alias in _ROLES))


def _role(model: str, alias: str, event: AliasEvent | None) -> Tag:
    if event is None or event.is_removal:
        return tags.section(
            tags.h2(alias.capitalize()),
            tags.p("points at no version", class_="quiet"),
            class_="card role",
        )
    meaning = f"answers {share(event.traffic, 0)} of the records" if event.traffic else None
    return tags.section(
        tags.div(
            tags.h2(alias.capitalize()), badge(meaning or _MEANINGS[alias]), class_="row-between"
        ),
        tags.p(words.version_link(model, event.version)),
        tags.p(
            "since ",
            moment(event.moved_at),
            ", by ",
            words.who(model, event.moved_by),
            class_="quiet",
        ),
        class_="card role",
    )


def _serving(model: str, state: State[dict[str, str]]) -> Tag | None:
    """Say what the scoring service itself says of the champion and its fallback."""
    said = state.value or {}
    found = {
        name.removesuffix(f" {model}"): text
        for name, text in said.items()
        if name.endswith(f" {model}") and text != "ok"
    }
    if not found:
        return None
    return tags.div(
        *(tags.p(tags.strong(name.capitalize()), f": {text}") for name, text in found.items()),
        class_="notice",
        role="status",
    )


def _columns(model: str) -> list[Column[AliasEvent]]:
    return [
        Column("Moved", lambda event: moment(event.moved_at)),
        Column(
            "Version",
            lambda event: (
                tags.span("removed", class_="quiet")
                if event.is_removal
                else words.version_link(model, event.version)
            ),
        ),
        Column("By", lambda event: words.who(model, event.moved_by)),
        Column("Reason", lambda event: event.reason),
        Column(
            "Share", lambda event: share(event.traffic, 0) if event.traffic else "", is_number=True
        ),
        Column("Where", lambda event: event.environment),
        Column("Digest", lambda event: short(event.digest) if event.digest else ""),
    ]
