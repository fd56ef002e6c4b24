"""What happened in scoring besides scores: refusals, failures, changes of what serves."""

from __future__ import annotations

from htmltools import Tag, TagChild, TagList, tags
from shiny import ui

from crispml_console.parts.layout import badge, card
from crispml_console.parts.page import Place, Visit
from crispml_console.parts.tables import Column, PagedTable
from crispml_console.parts.words import NONE, moment
from crispml_console.service.call import Call, page, scoring
from crispml_core.client import EventKind, PageOf, ServingEvent
from crispml_core.client.scoring import ScoringClient

_ROWS = 10
_KINDS = {
    "": "All",
    EventKind.REFUSED.value: "Refused requests",
    EventKind.FAILED.value: "Failed requests",
    EventKind.SERVING.value: "Another version serves",
    EventKind.FALLBACK.value: "The fallback answers",
}
_BADGES = {EventKind.REFUSED: "warn", EventKind.FAILED: "bad", EventKind.FALLBACK: "bad"}


def body(place: Place) -> TagChild:
    """Return the card before a service was asked."""
    return card(
        "Events of scoring",
        ui.input_select("event", "Kind", _KINDS, selected=place.query.get("event", "")),
        PagedTable.body("events_table"),
        id="events",
    )


def serve(visit: Visit) -> None:
    """Fill the card."""

    def call(cursor: str | None) -> Call[PageOf[ServingEvent]]:
        chosen = visit.input["event"]()
        kind = EventKind(chosen) if chosen else None
        listed = scoring(ScoringClient.serving_events, use_case=visit.place.use_case, kind=kind)
        return page(listed, _ROWS, cursor)

    columns = [
        Column[ServingEvent]("When", lambda e: moment(e.occurred_at)),
        Column[ServingEvent]("Kind", lambda e: badge(e.kind.value, _BADGES.get(e.kind, ""))),
        Column[ServingEvent]("What", _what),
        Column[ServingEvent]("Version", lambda e: e.version or NONE),
        Column[ServingEvent]("Request", _request),
    ]
    PagedTable(
        visit,
        "events_table",
        "Events of scoring, newest first",
        columns,
        call,
        empty="Nothing was refused, nothing failed, and what serves did not change.",
    )


def _what(event: ServingEvent) -> TagChild:
    broken = f"{event.field}: {event.rule}" if event.field and event.rule else event.rule
    return TagList(
        tags.div(event.detail) if event.detail and event.detail != event.code else None,
        tags.div(tags.code(event.code), f" · {broken}" if broken else None, class_="quiet"),
    )


def _request(event: ServingEvent) -> Tag | str:
    if not event.request_id:
        return NONE
    return tags.code(event.request_id, title=event.request_id, class_="clipped one-line")
