"""The reports that were made, each with an address of its own."""

from __future__ import annotations

from htmltools import TagChild, TagList, tags

from crispml_console.parts import words
from crispml_console.parts.layout import badge, card
from crispml_console.parts.moments import moment_of
from crispml_console.parts.page import Place, Visit, link
from crispml_console.parts.tables import Column, PagedTable
from crispml_console.service.call import Call, page, scoring
from crispml_core.client import PageOf, ReportInfo
from crispml_core.client.scoring import ScoringClient

_ROWS = 10


def body(place: Place) -> TagChild:
    """Return the list."""
    return card("Earlier reports", PagedTable.body("reports"))


def serve(visit: Visit) -> PagedTable[ReportInfo]:
    """Fill the list; return it, so that it is read again when a report was made."""
    use_case = visit.place.use_case or None

    def call(cursor: str | None) -> Call[PageOf[ReportInfo]]:
        return page(scoring(ScoringClient.verification_reports, use_case=use_case), _ROWS, cursor)

    columns = [
        Column[ReportInfo]("Made", _made),
        Column[ReportInfo]("Of scores", _window),
        Column[ReportInfo]("Version", _version),
        Column[ReportInfo]("As of", lambda r: _moment(r, "as_of", words.NONE)),
        Column[ReportInfo]("Scores", lambda r: _count(r, "scored"), is_number=True),
        Column[ReportInfo]("Labelled", _coverage, is_number=True),
    ]
    return PagedTable(
        visit,
        "reports",
        "Reports, the newest first",
        columns,
        call,
        empty="No report was made yet.",
    )


def _made(report: ReportInfo) -> TagChild:
    address = link("truth", use_case=report.use_case, report=report.id)
    kind = str(report.facts.get("kind") or "")
    other = TagList(" ", badge(kind)) if kind not in ("", "verification") else None
    return tags.span(tags.a(words.moment(report.created_at), href=address), other)


def _window(report: ReportInfo) -> TagChild:
    window = report.facts.get("window") or {}
    ends = [("from", moment_of(window.get("start"))), ("to before", moment_of(window.get("end")))]
    shown = [tags.div(f"{word} ", words.moment(moment)) for word, moment in ends if moment]
    return TagList(*shown) if shown else "all"


def _version(report: ReportInfo) -> TagChild:
    version = report.facts.get("version")
    return tags.code(str(version)) if version else "all"


def _moment(report: ReportInfo, name: str, otherwise: str) -> TagChild:
    found = moment_of((report.facts.get("window") or {}).get(name))
    return otherwise if found is None else words.moment(found)


def _count(report: ReportInfo, name: str) -> str:
    found = report.facts.get(name)
    return words.number(found) if isinstance(found, int) else words.NONE


def _coverage(report: ReportInfo) -> str:
    found = report.facts.get("coverage")
    return words.share(found) if isinstance(found, float) else words.NONE
