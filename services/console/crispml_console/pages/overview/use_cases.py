"""A card for each use case; a page of them where there are many."""

from __future__ import annotations

from htmltools import Tag, TagChild, TagList, tags
from shiny import render, ui

from crispml_console.pages.overview.champion import serve_champion
from crispml_console.pages.overview.scored import serve_scored
from crispml_console.pages.overview.verdict import serve_verdict
from crispml_console.parts import states
from crispml_console.parts.layout import badge, card, grid
from crispml_console.parts.page import Visit, link
from crispml_console.parts.traffic import Traffic
from crispml_console.service.call import training
from crispml_core.client import Listing, UseCaseInfo
from crispml_core.client.training import TrainingClient

_ON_A_PAGE = 6
"""Each card asks both services a few questions."""


def serve_use_cases(visit: Visit, traffic: Traffic) -> None:
    """Fill the cards."""
    served: set[int] = set()
    first = _first(visit.place.query.get("first", ""))

    def filled(found: Listing[UseCaseInfo]) -> None:
        shown = sorted(found, key=lambda info: info.name)[first : first + _ON_A_PAGE]
        for place, info in enumerate(shown):
            if place not in served:
                served.add(place)
                serve_champion(visit, place, info.name, traffic)
                if visit.visitor.may("read", info.name):
                    serve_verdict(visit, place, info.name)
                    serve_scored(visit, place, info.name, traffic)

    asked = visit.asked(training(TrainingClient.use_cases), on_answer=filled)

    def cards(found: Listing[UseCaseInfo]) -> TagChild:
        every = sorted(found, key=lambda info: info.name)
        shown = every[first : first + _ON_A_PAGE]
        return TagList(
            grid(*(_card(visit, *placed) for placed in enumerate(shown)), wide=True),
            _pager(first, len(every)),
        )

    @visit.session.output(id="use_cases")
    @render.ui
    def use_cases() -> TagChild:
        return states.shown(asked(), cards, empty="The services have no use case that you may see.")


def _card(visit: Visit, place: int, info: UseCaseInfo) -> Tag:
    reads = visit.visitor.may("read", info.name)
    return card(
        tags.a(info.name, href=link("monitoring", use_case=info.name)) if reads else info.name,
        tags.p(info.description, class_="quiet") if info.description else None,
        ui.output_ui(f"champion_{place}"),
        ui.output_ui(f"verdict_{place}") if reads else None,
        ui.output_ui(f"scored_{place}") if reads else None,
        aside=badge(visit.visitor.caller.environment),
    )


def _pager(first: int, count: int) -> Tag | None:
    if count <= _ON_A_PAGE:
        return None
    last = min(first + _ON_A_PAGE, count)
    before, after = first - _ON_A_PAGE, first + _ON_A_PAGE
    return tags.nav(
        tags.a("Before", href=link("", first=str(max(0, before)))) if first else None,
        tags.span(f"{first + 1} to {last} of {count} use cases"),
        tags.a("After", href=link("", first=str(after))) if after < count else None,
        class_="pager",
        aria_label="Pages of use cases",
    )


def _first(text: str) -> int:
    return int(text) if text.isdecimal() else 0
