"""What is held about a person, and making it unreadable; no address has the name of a person."""

from __future__ import annotations

import json
from typing import Any

from htmltools import TagChild, TagList, tags
from shiny import render, ui

from crispml_console.pages.scores import held
from crispml_console.parts import actions, states
from crispml_console.parts.downloads import download_button, serve_text
from crispml_console.parts.layout import card, row
from crispml_console.parts.page import Place, Visit
from crispml_console.service.call import Call, training
from crispml_core.client.training import TrainingClient

_CONSEQUENCES = (
    "The key of this person is destroyed, in every use case and environment of these services.",
    "What was encrypted with it is unreadable at once and for good: in scores, data sets, "
    "journals, dumps and copies.",
    "Fields that are kept, dropped or pseudonymised stay as they are; the certificate names them.",
    "Digests, hash chains, reports and KPIs stay as they are.",
    "Nobody can take it back.",
)


def body(place: Place) -> TagChild:
    """Return the part of the page before a service was asked."""
    return TagList(
        card(
            "Person",
            row(
                ui.input_text("subject", "Person, as the subject key of the use cases names them"),
                actions.button("show", "Show what is held"),
            ),
            tags.p(
                "Where a use case has no subject key, its record key names the person. All use "
                "cases are searched, which may take a while.",
                class_="quiet",
            ),
        ),
        ui.output_ui("held"),
        card(
            "Erase",
            row(
                ui.input_text("reason", "Reason, without personal data; it is kept"),
                actions.button("erase", "Erase this person", kind="danger"),
            ),
            ui.output_ui("erased"),
        ),
    )


def serve(visit: Visit) -> None:
    """Fill the part of the page."""

    def subject() -> str:
        name = str(visit.input["subject"]()).strip()
        if not name:
            raise ValueError("Name the person first.")
        return name

    def ask() -> Call[dict[str, Any]]:
        return training(TrainingClient.subject, subject())

    def erase() -> Call[dict[str, Any]]:
        name, reason = subject(), str(visit.input["reason"]()).strip()
        if not reason:
            raise ValueError("Say why: an erasure keeps its reason.")
        return training(TrainingClient.erase_subject, name, reason=reason)

    shown = actions.Action(visit, "show", ask, is_read=True)
    erased = actions.Action(
        visit,
        "erase",
        erase,
        confirm=lambda: _question(subject()),
        # What is shown was held before.
        on_answer=lambda found: shown.asked.ask(ask()),
    )

    @visit.session.output(id="held")
    @render.ui
    def of_person() -> TagChild:
        state = shown.asked()
        if state.value is None:
            return card("Held", states.waiting()) if state.is_asking else None
        return TagList(*held.cards(state.value, download_button("held_json", "Everything as JSON")))

    @visit.session.output(id="erased")
    @render.ui
    def certificate() -> TagChild:
        state = erased.asked()
        if state.value is None:
            return states.waiting() if state.is_asking else None
        return held.certificate(
            state.value, download_button("certificate_json", "Certificate as JSON")
        )

    serve_text(visit, "held_json", lambda: "held.json", lambda: _json(shown.asked().value))
    serve_text(
        visit,
        "certificate_json",
        lambda: "certificate.json",
        lambda: _json((erased.asked().value or {}).get("certificate")),
    )


def _question(subject: str) -> TagChild:
    return TagList(
        tags.p("This is about ", tags.strong(subject), "."),
        tags.ul(*(tags.li(consequence) for consequence in _CONSEQUENCES)),
    )


def _json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False)
