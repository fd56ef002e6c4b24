"""Asking for a report: window, version, and as of when, by a moment or a slider."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

from htmltools import Tag, TagChild, TagList, tags
from shiny import render, ui

from crispml_console.parts import actions, words
from crispml_console.parts.answerer import Versions
from crispml_console.parts.layout import card, row
from crispml_console.parts.moments import moment_input, moment_of, text_of
from crispml_console.parts.page import Place, Visit
from crispml_console.service.call import Call, scoring
from crispml_core.client import VerificationReport
from crispml_core.client.scoring import ScoringClient

STEPS = 1000


def body(place: Place) -> TagChild:
    """Return the form, for those who may verify."""
    if not actions.offered(place, "verify"):
        return None
    query = place.query
    return card(
        "Verify scores",
        row(
            moment_input("verify_from", "Scores from", moment_of(query.get("from"))),
            moment_input("verify_to", "to before", moment_of(query.get("to"))),
            ui.output_ui("verify_version_choice"),
        ),
        row(
            moment_input("as_of", "As of (now, if empty)", moment_of(query.get("as_of"))),
            tags.div(ui.output_ui("as_of_slider"), class_="grow"),
        ),
        row(actions.button("verify", "Make the report")),
        tags.p(
            "A report counts what was stored until its moment: asked again with the same four, it "
            "is the same to the byte.",
            class_="quiet",
        ),
    )


def serve(
    visit: Visit, versions: Versions, on_report: Callable[[VerificationReport], None]
) -> None:
    """Fill the form.

    Parameters
    ----------
    on_report : callable
        Told each new report.
    """
    if not visit.may("verify"):
        return
    wanted = visit.place.query.get("version", "")

    @render.ui
    def verify_version_choice() -> Tag:
        choices = {"": "all"} | {v.version: v.version for v in versions.versions}
        aliases = {version: name for name, version in versions.aliases.items()}
        named = {
            version: f"{text} ({aliases[version]})" if version in aliases else text
            for version, text in choices.items()
        }
        if wanted:
            named.setdefault(wanted, wanted)
        return ui.input_select("verify_version", "Version", named, selected=wanted)

    @render.ui
    def as_of_slider() -> TagChild:
        known = versions.versions
        return slider("as_of", known[-1].created_at) if known else None

    def call() -> Call[VerificationReport]:
        inputs = visit.input
        version = inputs.verify_version() if "verify_version" in inputs else wanted
        return scoring(
            ScoringClient.verify,
            visit.place.use_case,
            start=moment_of(inputs.verify_from()),
            end=moment_of(inputs.verify_to()),
            version=str(version) or None,
            as_of=moment_of(inputs.as_of()),
            idempotency_key=secrets.token_hex(16),
        )

    def made(report: VerificationReport) -> str:
        on_report(report)
        return "The report is made."

    actions.Action(visit, "verify", call, on_answer=made)


def slider(moment: str, first: datetime) -> TagList:
    """Return a slider from a first moment until now that moves an input of a moment."""
    key = f"{moment}_range"
    return TagList(
        tags.label("Slide back in time", for_=key, class_="control-label"),
        tags.input(
            id=key,
            type="range",
            class_="slide",
            min="0",
            max=str(STEPS),
            value=str(STEPS),
            data_for=moment,
            data_from=text_of(first),
            aria_valuetext="now",
        ),
        tags.div(words.moment(first), tags.span("now"), class_="ends"),
    )
