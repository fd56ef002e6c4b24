"""What the rules of retention would delete now."""

from __future__ import annotations

from htmltools import TagChild, TagList, tags
from shiny import reactive, render, ui

from crispml_console.parts import actions, states
from crispml_console.parts.layout import badge, card
from crispml_console.parts.page import Place, Visit
from crispml_console.parts.tables import Column, table
from crispml_console.parts.words import moment, number
from crispml_console.service.call import training
from crispml_core.client import RetentionOutcome, RuleOutcome
from crispml_core.client.training import TrainingClient


def body(place: Place) -> TagChild:
    """Return the part of the page before a service was asked."""
    return card(
        "Retention",
        tags.p("Nothing is deleted before somebody follows the rules; a timer does it as a rule."),
        ui.output_ui("rules"),
        aside=actions.code_button("rules"),
    )


def serve(visit: Visit) -> None:
    """Fill the part of the page."""
    call = training(TrainingClient.retention)
    asked = visit.asked(call)

    @reactive.effect
    @reactive.event(visit.input["rules_code"])
    def show_code() -> None:
        ui.modal_show(actions.code_of(call, visit))

    @visit.session.output(id="rules")
    @render.ui
    def shown() -> TagList:
        return states.shown(asked(), _report)


def _report(found: RetentionOutcome) -> TagChild:
    if not found.rules:
        return states.nothing("No rule is set: everything is kept for good.")
    columns = [
        Column[RuleOutcome]("Table", lambda rule: tags.code(rule.table)),
        Column[RuleOutcome]("Use case", lambda rule: rule.use_case or "all others"),
        Column[RuleOutcome]("Days", lambda rule: number(rule.days), is_number=True),
        Column[RuleOutcome]("Goes if older than", lambda rule: moment(rule.cutoff)),
        Column[RuleOutcome]("Rows to go", lambda rule: number(rule.rows), is_number=True),
        Column[RuleOutcome]("Due", lambda rule: badge("due", "warn") if rule.rows else None),
    ]
    return table("Rules of retention, and what each would delete now", columns, list(found.rules))
