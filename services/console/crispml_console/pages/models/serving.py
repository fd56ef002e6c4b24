"""Which aliases point at a version, whether it is fit to answer, and changing both."""

from __future__ import annotations

from htmltools import Tag, TagChild, TagList, tags
from shiny import render, ui

from crispml_console.pages.models import health, words
from crispml_console.pages.models.opened import Opened
from crispml_console.parts import actions, states
from crispml_console.parts.actions import Action
from crispml_console.parts.layout import card, grid, row
from crispml_console.parts.page import Place
from crispml_console.parts.tables import Column, table
from crispml_console.parts.words import moment, share
from crispml_console.service.call import Call, training
from crispml_core.client import AliasEvent
from crispml_core.client.training import TrainingClient

_ROLES = {
    "champion": "champion: answers",
    "challenger": "challenger: scores in the shadow, or answers a share",
    "fallback": "fallback: answers when the champion cannot",
}
_REMOVABLE = ("challenger", "fallback")


def body(place: Place) -> TagChild:
    """Return what stands there before a service was asked."""
    return TagList(
        card("Aliases of the model", ui.output_ui("pointing")),
        grid(_move(), _remove(), wide=True) if actions.offered(place, "move-alias") else None,
        health.body(place),
    )


def serve(opened: Opened) -> None:
    """Fill the outputs and serve the actions."""
    health.serve(opened)

    @render.ui
    def pointing() -> TagChild:
        return states.shown(
            opened.aliases(),
            lambda found: _pointing(opened, [e for e in found if not e.is_removal]),
            empty="No alias points anywhere yet.",
        )

    if opened.visit.may("move-alias"):
        _serve_move(opened)
        _serve_remove(opened)


def _move() -> Tag:
    return card(
        "Point an alias at this version",
        row(
            ui.input_select("alias", "Alias", _ROLES),
            ui.input_numeric(
                "traffic", "Share of records in % (challenger)", 0, min=0, max=99, step=1
            ),
        ),
        ui.input_text("alias_reason", "Reason", width="100%", placeholder="release 12"),
        actions.button("move_alias", "Move the alias"),
    )


def _serve_move(opened: Opened) -> None:
    inputs = opened.visit.input

    def moving() -> Call[AliasEvent]:
        alias, percent = inputs.alias(), inputs.traffic()
        if alias == "challenger" and not (percent is not None and 0 <= percent < 100):
            raise ValueError("The share of a challenger is at least 0 % and below 100 %.")
        before = opened.pointing().get(alias)
        return training(
            TrainingClient.move_alias,
            opened.model,
            alias,
            opened.name,
            # What is shown is what is replaced: somebody else's move in between is not undone.
            expected=None if before is None else before.version,
            reason=str(inputs.alias_reason() or "").strip(),
            traffic=percent / 100 if alias == "challenger" else None,
        )

    def moved(event: AliasEvent) -> str:
        opened.again()
        ui.update_text("alias_reason", value="")
        return f"{event.alias} points at {event.version}"

    Action(opened.visit, "move_alias", moving, on_answer=moved)


def _remove() -> Tag:
    return card(
        "Let an alias point nowhere",
        row(ui.input_select("removed", "Alias", list(_REMOVABLE))),
        ui.input_text("remove_reason", "Reason", width="100%", placeholder="lost the challenge"),
        actions.button("remove_alias", "Remove the alias", kind="secondary"),
    )


def _serve_remove(opened: Opened) -> None:
    inputs = opened.visit.input

    def removing() -> Call[AliasEvent]:
        before = opened.pointing().get(inputs.removed())
        if before is None:
            raise ValueError("This alias points at no version.")
        return training(
            TrainingClient.remove_alias,
            opened.model,
            before.alias,
            expected=before.version,
            reason=str(inputs.remove_reason() or "").strip(),
        )

    def removed(event: AliasEvent) -> str:
        opened.again()
        ui.update_text("remove_reason", value="")
        return f"{event.alias} points nowhere"

    Action(
        opened.visit,
        "remove_alias",
        removing,
        on_answer=removed,
        confirm="The alias will point at no version. Its history stays.",
    )


def _pointing(opened: Opened, events: list[AliasEvent]) -> Tag:
    return table(
        "Where the aliases of the model point now",
        [
            Column[AliasEvent]("Alias", lambda event: words.alias_badges((event.alias,))),
            Column(
                "Version",
                lambda event: (
                    tags.span("this version")
                    if event.version == opened.name
                    else words.version_link(opened.model, event.version)
                ),
            ),
            Column("Share", lambda event: share(event.traffic, 0) if event.traffic else ""),
            Column("Since", lambda event: moment(event.moved_at)),
            Column("By", lambda event: words.who(opened.model, event.moved_by)),
            Column("Reason", lambda event: event.reason),
        ],
        events,
    )
