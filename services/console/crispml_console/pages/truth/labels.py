"""The labels that are stored, with their history."""

from __future__ import annotations

from htmltools import TagChild, tags
from shiny import ui

from crispml_console.parts import words
from crispml_console.parts.layout import badge, card, row
from crispml_console.parts.page import Place, Visit, link
from crispml_console.parts.tables import Column, PagedTable
from crispml_console.service.call import Call, page, scoring
from crispml_core.client import PageOf, StoredLabel
from crispml_core.client.scoring import ScoringClient

_ROWS = 15


def body(place: Place) -> TagChild:
    """Return the list, for those who may read records."""
    if not place.visitor.may("read-records", place.use_case or None):
        return None
    return card(
        "Labels",
        row(
            ui.input_text(
                "labels_key",
                "Only of the record",
                value=place.query.get("record_key", ""),
                placeholder="record key",
            )
        ),
        PagedTable.body("labels"),
    )


def serve(visit: Visit) -> PagedTable[StoredLabel] | None:
    """Fill the list; return it, so that it is read again when labels came."""
    use_case = visit.place.use_case
    if not visit.may("read-records") or not use_case:
        return None

    def call(cursor: str | None) -> Call[PageOf[StoredLabel]]:
        key = str(visit.input.labels_key() or "").strip() or None
        listing = scoring(ScoringClient.labels, use_case=use_case, record_key=key)
        return page(listing, _ROWS, cursor)

    columns = [
        Column[StoredLabel]("About", _about),
        Column[StoredLabel]("Label", lambda label: _label(label.value)),
        Column[StoredLabel]("Known", lambda label: words.moment(label.label_time)),
        Column[StoredLabel]("Came", lambda label: words.moment(label.received_at)),
        Column[StoredLabel]("Source", lambda label: label.source or words.NONE),
        Column[StoredLabel](
            "State",
            lambda label: (
                badge("current", "good") if label.is_current else badge("corrected since")
            ),
        ),
    ]
    return PagedTable(
        visit, "labels", "Labels, the newest first", columns, call, empty="There are no labels yet."
    )


def _label(value: str | float) -> str:
    return value if isinstance(value, str) else words.number(value)


def _about(label: StoredLabel) -> TagChild:
    if label.score_id is None:
        until = label.scored_until
        last = tags.small(" its last score at ", words.moment(until)) if until else None
        return tags.span(label.record_key, last)
    address = link("scores", use_case=label.use_case, score=label.score_id)
    return tags.a("score ", words.short(label.score_id), href=address)
