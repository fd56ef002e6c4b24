"""One version: what is above its parts, and which part the address names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from htmltools import Tag, TagChild, TagList, tags
from shiny import render, ui

from crispml_console.pages.models import (
    approval,
    compare,
    lineage,
    proof,
    report,
    serving,
    summary,
    words,
)
from crispml_console.pages.models.opened import Opened
from crispml_console.parts import states
from crispml_console.parts.icons import icon
from crispml_console.parts.layout import badge
from crispml_console.parts.page import Place, Visit, link
from crispml_console.parts.words import moment
from crispml_core.client import PublishedVersion


@dataclass(frozen=True, slots=True)
class _Part:
    title: str
    body: Callable[[Place], TagChild]
    serve: Callable[[Opened], None]


_PARTS = {
    "summary": _Part("Summary", summary.body, summary.serve),
    "report": _Part("Report", report.body, report.serve),
    "compare": _Part("Compare", compare.body, compare.serve),
    "approval": _Part("Approval", approval.body, approval.serve),
    "serving": _Part("Aliases and health", serving.body, serving.serve),
    "lineage": _Part("Lineage", lineage.body, lineage.serve),
    "card": _Part("Model card", lambda place: _card(place), lambda opened: None),
    "proof": _Part("Proof and export", proof.body, proof.serve),
}


def body(place: Place) -> TagChild:
    """Return what stands there before a service was asked."""
    shown = _shown(place)
    version = place.query["version"]
    return TagList(
        tags.a(
            icon("back"), "All versions", href=link("models", use_case=place.use_case), class_="up"
        ),
        tags.div(tags.h2(tags.code(version)), ui.output_ui("standing"), class_="version-head"),
        tags.nav(
            *(
                tags.a(
                    part.title,
                    href=link("models", use_case=place.use_case, version=version, part=name),
                    aria_current="page" if name == shown else None,
                )
                for name, part in _PARTS.items()
            ),
            class_="parts",
            aria_label="Parts of the version",
        ),
        _PARTS[shown].body(place),
    )


def serve(visit: Visit) -> None:
    """Fill the outputs."""
    opened = Opened(visit)

    @render.ui
    def standing() -> TagChild:
        return states.shown(opened.version(), lambda found: _standing(opened, found))

    _PARTS[_shown(visit.place)].serve(opened)


def _shown(place: Place) -> str:
    named = place.query.get("part", "")
    return named if named in _PARTS else "summary"


def _standing(opened: Opened, found: PublishedVersion) -> TagList:
    aliases = tuple(
        event.alias for event in opened.aliases().value or () if event.version == found.version
    )
    approval_of = opened.approval().value
    verdicts = opened.verdicts().value
    return TagList(
        tags.span(
            found.algorithm.replace("_", " "), ", made ", moment(found.created_at), class_="quiet"
        ),
        words.alias_badges(aliases),
        words.approval_badge(approval_of) if approval_of is not None else None,
        words.fit_badge(verdicts[0]) if verdicts else None,
        badge("masked data", "warn") if found.masked else None,
    )


def _card(place: Place) -> Tag:
    address = f"/files/models/{place.use_case}/versions/{place.query['version']}/card"
    return tags.section(
        tags.div(
            tags.h2("Model card"),
            tags.a("Open alone", href=address, target="_blank", rel="noopener"),
            class_="row-between",
        ),
        tags.iframe(
            src=address,
            title="Model card of the version",
            sandbox="",
            loading="lazy",
            class_="page-frame",
        ),
        class_="card",
    )
