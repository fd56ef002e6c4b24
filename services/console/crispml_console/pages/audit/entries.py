"""Who did what: the entries of the audit log, one by one, and all of them as a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from htmltools import Tag, TagChild, TagList, tags
from shiny import reactive, ui

from crispml_console.parts import actions
from crispml_console.parts.choice import choose
from crispml_console.parts.dialogs import dialog
from crispml_console.parts.downloads import download_button, serve_lines
from crispml_console.parts.layout import badge, card, row
from crispml_console.parts.moments import moment_input, moment_of
from crispml_console.parts.page import Place, Visit
from crispml_console.parts.tables import Column, PagedTable, facts
from crispml_console.parts.words import NONE, moment
from crispml_console.service.call import Call, page, training
from crispml_core.client import PageOf
from crispml_core.client.training import TrainingClient

_ROWS, _LINES = 25, 500
_OUTCOMES = {
    "": "All",
    "2xx": "Done as asked",
    "4xx": "Refused",
    "5xx": "Failed in a service",
    "asked": "Asked, before the answer",
    "done": "Done by a run or a rule",
    "failed": "Failed in a run or a rule",
}
Entry = Mapping[str, Any]


def body(place: Place) -> TagChild:
    """Return the part of the page before a service was asked."""
    query = place.query
    return TagList(
        card(
            "Find entries",
            row(
                ui.input_text(
                    "actor", "Who", query.get("actor", ""), update_on="blur", placeholder="key:ann"
                ),
                ui.input_text(
                    "action", "What", query.get("action", ""), update_on="blur", placeholder="cycle"
                ),
                ui.input_select(
                    "about",
                    "Use case",
                    {"": "All"} | {name: name for name in place.use_cases},
                    selected=query.get("about", ""),
                ),
                ui.input_select("outcome", "Outcome", _OUTCOMES, selected=query.get("outcome", "")),
                moment_input("from", "From", moment_of(query.get("from"))),
                moment_input("to", "Before", moment_of(query.get("to"))),
                actions.button("find", "Find"),
            ),
        ),
        card(
            "Entries",
            PagedTable.body("entries"),
            aside=download_button("export", "Export as lines of JSON"),
        ),
    )


def serve(visit: Visit) -> None:
    """Fill the part of the page."""
    inputs = visit.input

    def chosen() -> dict[str, Any]:
        return {
            "start": moment_of(inputs["from"]()),
            "end": moment_of(inputs["to"]()),
            "actor": str(inputs["actor"]()).strip() or None,
            "action": str(inputs["action"]()).strip() or None,
            "use_case": inputs["about"]() or None,
            "outcome": inputs["outcome"]() or None,
        }

    def call(
        cursor: str | None, size: int = _ROWS, *, newest: bool | None = True
    ) -> Call[PageOf[dict[str, Any]]]:
        return page(training(TrainingClient.audit_entries, newest=newest, **chosen()), size, cursor)

    found = PagedTable(
        visit,
        "entries",
        "Entries of the audit log, the newest first",
        _columns(),
        call,
        empty="Nobody did such a thing in this window.",
    )
    serve_lines(
        visit,
        "export",
        lambda: "audit.jsonl",
        # As a chain: each entry has the digest of the line before.
        lambda cursor: call(cursor, _LINES, newest=None),
    )

    @reactive.effect
    @reactive.event(inputs["find"])
    def find() -> None:
        found.refresh()

    @reactive.effect
    @reactive.event(inputs["find_code"])
    def show_code() -> None:
        ui.modal_show(actions.code_of(call(None), visit))

    @reactive.effect
    @reactive.event(inputs["entry"])
    def show_entry() -> None:
        wanted = inputs["entry"]()
        for entry in found.rows():
            if str(entry["sequence"]) == wanted:
                ui.modal_show(details(entry))

    @reactive.effect
    async def remember() -> None:
        names = ("actor", "action", "about", "outcome", "from", "to")
        await visit.remember(**{name: inputs[name]() for name in names})


def details(entry: Entry) -> Tag:
    """Return everything that an entry says."""
    return dialog(
        f"Entry {entry['sequence']}",
        facts(
            ("When", moment(datetime.fromisoformat(entry["occurred_at"]))),
            ("Who", entry["actor"]),
            ("What", entry["action"]),
            ("To what", entry["resource"] or NONE),
            ("Use case", entry["use_case"] or NONE),
            ("Environment", entry["environment"] or NONE),
            ("From where", entry["origin"] or NONE),
            ("Request", tags.code(entry["request_id"]) if entry["request_id"] else NONE),
            ("Outcome", outcome(entry["outcome"])),
        ),
        tags.h3("Detail"),
        tags.pre(tags.code(json.dumps(entry["detail"], indent=2)), tabindex="0"),
        facts(
            ("Digest", tags.code(entry["digest"])),
            ("Digest of the entry before", tags.code(entry["previous_digest"])),
        ),
        is_wide=True,
    )


def outcome(text: str) -> Tag:
    """Return the outcome of an entry as a word with its state."""
    if text == "done" or text.startswith(("2", "3")):
        return badge(text, "good")
    if text == "asked":
        return badge(text)
    return badge(text, "warn" if text.startswith("4") else "bad")


def _columns() -> list[Column[dict[str, Any]]]:
    return [
        Column[dict[str, Any]]("Entry", _number),
        Column[dict[str, Any]](
            "When", lambda entry: moment(datetime.fromisoformat(entry["occurred_at"]))
        ),
        Column[dict[str, Any]]("Who", lambda entry: _clipped(entry["actor"])),
        Column[dict[str, Any]]("What", lambda entry: entry["action"]),
        Column[dict[str, Any]]("To what", lambda entry: _clipped(entry["resource"] or NONE)),
        Column[dict[str, Any]]("Outcome", lambda entry: outcome(entry["outcome"])),
    ]


def _clipped(text: str) -> Tag:
    return tags.span(text, title=text, class_="clipped one-line")


def _number(entry: Entry) -> Tag:
    number = str(entry["sequence"])
    return choose("entry", number, number, name=f"Details of entry {number}")
