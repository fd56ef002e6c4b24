"""Ground truth: labels come in, are counted, and scores are verified by them."""

from __future__ import annotations

from htmltools import TagChild, TagList

from crispml_console.pages.truth import asking, earlier, imports, labels, report
from crispml_console.parts.answerer import Versions
from crispml_console.parts.page import Page, Place, Visit
from crispml_console.parts.sections import Section, Sections
from crispml_core.client import VerificationReport


def _verification(place: Place) -> TagChild:
    return TagList(asking.body(place), report.body(place), earlier.body(place))


def _serve_verification(visit: Visit) -> None:
    shown = report.Shown(visit)
    reports = earlier.serve(visit)

    def on_report(made: VerificationReport) -> None:
        shown.show(made)
        reports.refresh()

    asking.serve(visit, Versions(visit), on_report)


def _labels(place: Place) -> TagChild:
    return TagList(imports.body(place), labels.body(place))


def _serve_labels(visit: Visit) -> None:
    stored = labels.serve(visit)

    def on_import() -> None:
        if stored is not None:
            stored.refresh()

    imports.serve(visit, on_import)


def _may_verify(place: Place) -> bool:
    return _may(place, "read", "verify")


def _may_label(place: Place) -> bool:
    return _may(place, "label", "read-records")


def _may(place: Place, *permissions: str) -> bool:
    return any(place.visitor.may(name, place.use_case or None) for name in permissions)


_SECTIONS = Sections(
    "truth",
    (
        Section("", "Verification", _verification, _serve_verification, _may_verify),
        Section("labels", "Labels", _labels, _serve_labels, _may_label),
    ),
)
PAGE = Page(
    "truth",
    "Ground truth",
    "truth",
    _SECTIONS.body,
    _SECTIONS.serve,
    needs=("read", "label", "verify"),
)
