"""Letting a version answer in an emergency although nobody approved it."""

from __future__ import annotations

from htmltools import Tag, tags
from shiny import ui

from crispml_console.pages.models.opened import Opened
from crispml_console.parts import actions
from crispml_console.parts.actions import Action
from crispml_console.parts.layout import row
from crispml_console.parts.page import Place
from crispml_console.service.call import Call, training
from crispml_core.client import AliasEvent
from crispml_core.client.training import TrainingClient


def body(place: Place) -> Tag:
    """Return the card, which is closed until somebody needs it."""
    return tags.section(
        tags.details(
            tags.summary(tags.h2("Break the glass")),
            tags.p(
                "In an emergency an approver lets a version answer alone. It stands for the second "
                "pair of eyes and for nothing else, and it holds for one move. The audit log, the "
                "history of the alias, an alert and a message to the webhook tell of it."
            ),
            row(
                ui.input_select(
                    "glass_alias",
                    "Alias",
                    ["champion", "challenger", "fallback"],
                ),
            ),
            ui.input_text_area("glass_reason", "Reason", rows=2, width="100%"),
            actions.button("break_glass", "Break the glass", kind="danger"),
        ),
        class_="card danger-zone",
    )


def serve(opened: Opened) -> None:
    """Serve the action."""
    visit = opened.visit

    def breaking() -> Call[AliasEvent]:
        reason = str(visit.input.glass_reason() or "").strip()
        if not reason:
            raise ValueError("Say why: everybody will read it.")
        return training(
            TrainingClient.break_glass,
            opened.model,
            opened.name,
            reason=reason,
            alias=visit.input.glass_alias(),
        )

    def broken(event: AliasEvent) -> str:
        opened.again()
        ui.update_text_area("glass_reason", value="")
        return f"{event.alias} points at {event.version}, without an approval"

    Action(
        visit,
        "break_glass",
        breaking,
        on_answer=broken,
        confirm=f"{opened.name} will answer although nobody approved it; everybody hears of it.",
    )
