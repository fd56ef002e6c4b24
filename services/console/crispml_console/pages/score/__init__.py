"""Scoring by hand: one record with its reasons, a file of records, a very large batch."""

from __future__ import annotations

from htmltools import TagChild, TagList, tags

from crispml_console.pages.score import files, jobs, single
from crispml_console.parts.answerer import Versions
from crispml_console.parts.page import Page, Place, Visit


def body(place: Place) -> TagChild:
    """Return the page before a service was asked."""
    return TagList(
        single.body(place),
        tags.div(files.body(place), jobs.body(place), class_="grid grid-wide"),
    )


def serve(visit: Visit) -> None:
    """Fill the page."""
    versions = Versions(visit)
    single.serve(visit, versions)
    files.serve(visit, versions)
    jobs.serve(visit, versions)


PAGE = Page("score", "Score", "score", body, serve, needs=("score",))
