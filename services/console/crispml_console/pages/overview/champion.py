"""Which version of a use case answers, and since when."""

from __future__ import annotations

from htmltools import Tag, TagChild, TagList, tags
from shiny import render

from crispml_console.parts import states
from crispml_console.parts.layout import badge
from crispml_console.parts.page import Visit, link
from crispml_console.parts.settled import settled, steady
from crispml_console.parts.tables import facts
from crispml_console.parts.traffic import Traffic
from crispml_console.parts.words import moment, share
from crispml_console.service.call import scoring
from crispml_core.client import AliasEvent
from crispml_core.client.scoring import ScoringClient

_EVERY_S = 20.0
_SHOWN = ("champion", "challenger")


def serve_champion(visit: Visit, place: int, use_case: str, traffic: Traffic) -> None:
    """Fill this part of a card."""
    found = settled(visit.asked(scoring(ScoringClient.aliases, use_case), every_s=_EVERY_S))
    may_read = visit.visitor.may("read", use_case)

    def replaced() -> bool:
        measured = traffic().value
        return measured is not None and bool(
            measured.total("crispml_fallback_serving", use_case=use_case)
        )

    is_replaced = steady(replaced)

    @visit.session.output(id=f"champion_{place}")
    @render.ui
    def champion() -> TagChild:
        return TagList(
            states.shown(
                found(),
                lambda events: _aliases({e.alias: e for e in events if not e.is_removal}, may_read),
                empty="No version answers yet.",
            ),
            tags.p(badge("the fallback answers in place of the champion", "bad"))
            if is_replaced()
            else None,
        )


def _aliases(events: dict[str, AliasEvent], may_read: bool) -> Tag:
    if "champion" not in events:
        return states.nothing("No version answers yet.")
    return facts(
        *(
            (alias.capitalize(), _version(events[alias], may_read))
            for alias in _SHOWN
            if alias in events
        )
    )


def _version(event: AliasEvent, may_read: bool) -> TagChild:
    address = link("models", use_case=event.model, version=event.version)
    name = tags.a(event.version, href=address) if may_read else event.version
    part = f" for {share(event.traffic, 0)} of the records" if event.traffic else ""
    return TagList(
        name, tags.br(), tags.span("since ", moment(event.moved_at), part, class_="note")
    )
