"""Models: the versions of a use case, what each is worth, and which of them answers."""

from __future__ import annotations

from htmltools import TagChild

from crispml_console.pages.models import listing, version
from crispml_console.parts import states
from crispml_console.parts.page import Page, Place, Visit


def body(place: Place) -> TagChild:
    """Return the page before a service was asked."""
    if not place.use_case:
        return states.nothing("There is no use case that you may see.")
    return version.body(place) if place.query.get("version") else listing.body(place)


def serve(visit: Visit) -> None:
    """Fill the page."""
    if visit.place.query.get("version"):
        version.serve(visit)
    elif visit.place.use_case:
        listing.serve(visit)


PAGE = Page("models", "Models", "models", body, serve, needs=("read",))
