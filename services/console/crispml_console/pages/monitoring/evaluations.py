"""Evaluations of the rules of a use case: what became of each rule, and why."""

from __future__ import annotations

from collections.abc import Callable

from htmltools import Tag, TagChild, TagList, tags

from crispml_console.parts.layout import badge, card
from crispml_console.parts.page import Visit
from crispml_console.parts.tables import Column, PagedTable
from crispml_console.parts.words import moment, number
from crispml_console.service.call import Call, page, training
from crispml_core.client import Evaluation, PageOf
from crispml_core.client.training import TrainingClient

_ROWS = 10
STATES = {"firing": "bad", "pending": "warn", "quiet": "good", "unknown": ""}


def body() -> TagChild:
    """Return the card before a service was asked."""
    return card("Evaluations", PagedTable.body("evaluations_table"), id="evaluations")


def serve(visit: Visit) -> Callable[[], None]:
    """Fill the card; return what reads the list again."""

    def call(cursor: str | None) -> Call[PageOf[Evaluation]]:
        listed = training(TrainingClient.evaluations, use_case=visit.place.use_case)
        return page(listed, _ROWS, cursor)

    columns = [
        Column[Evaluation]("No.", lambda e: number(e.sequence), is_number=True),
        Column[Evaluation]("As of", lambda e: moment(e.at)),
        Column[Evaluation]("Rules", _decisions),
    ]
    return PagedTable(
        visit,
        "evaluations_table",
        "Evaluations, newest first",
        columns,
        call,
        empty="The rules have not been evaluated yet.",
    ).refresh


def _decisions(evaluation: Evaluation) -> Tag:
    firing = evaluation.firing
    said = badge(f"{len(firing)} of {len(evaluation.decisions)} fire", "bad" if firing else "good")
    rows = [
        tags.li(
            badge(item["state"], STATES.get(item["state"], "")),
            TagList(" ", tags.strong(item["rule"]), " ", item["summary"]),
        )
        for item in evaluation.decisions
    ]
    return tags.details(tags.summary(said), tags.ul(*rows, class_="decisions"))
