"""The page of stored scores: finding them, the evidence of one, replays, and people behind them."""

from __future__ import annotations

from htmltools import TagChild

from crispml_console.pages.scores import one, people, replay, search
from crispml_console.parts import actions
from crispml_console.parts.page import Page, Place, Visit
from crispml_console.parts.sections import Section, Sections

_SECTIONS = Sections(
    "scores",
    (
        Section(
            "",
            "Scores",
            search.body,
            search.serve,
            lambda place: actions.offered(place, "read-records"),
        ),
        Section(
            "replay",
            "Replay",
            replay.body,
            replay.serve,
            lambda place: actions.offered(place, "verify"),
        ),
        # A person may be in every use case.
        Section(
            "people",
            "People",
            people.body,
            people.serve,
            lambda place: place.visitor.may("privacy"),
        ),
    ),
)


def body(place: Place) -> TagChild:
    """Return one score if the address names one, else the part that it names."""
    return one.body(place) if place.query.get("score") else _SECTIONS.body(place)


def serve(visit: Visit) -> None:
    """Fill it."""
    if visit.place.query.get("score"):
        one.serve(visit)
    else:
        _SECTIONS.serve(visit)


PAGE = Page(
    "scores", "Scores and dossiers", "scores", body, serve, needs=("read-records", "verify")
)
