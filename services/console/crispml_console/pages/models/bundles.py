"""Bundles: a version from another environment is taken in, and what came so far."""

from __future__ import annotations

from collections.abc import Callable

from htmltools import Tag, TagChild, TagList, tags
from shiny import render, ui

from crispml_console.pages.models import words
from crispml_console.parts import actions, states
from crispml_console.parts.actions import Action
from crispml_console.parts.layout import badge, card, row
from crispml_console.parts.page import Place, Visit
from crispml_console.parts.tables import Column, PagedTable, table
from crispml_console.parts.uploads import chosen, file_input
from crispml_console.parts.words import moment, number, short
from crispml_console.service.call import Call, page, training
from crispml_core.client import BundleImport, ImportOutcome, PageOf
from crispml_core.client.training import TrainingClient

_SIZE = 10


def body(place: Place) -> TagChild:
    """Return what stands there before a service was asked."""
    may_carry = place.visitor.may("carry")  # a bundle may hold any model
    return card(
        "Bundles from other environments",
        TagList(
            row(
                file_input("bundle_file", "Bundle (.tar)", [".tar"]),
                actions.button("import_bundle", "Import"),
            ),
            ui.output_ui("import_outcome"),
        )
        if may_carry
        else None,
        PagedTable.body("bundles"),
    )


def serve(visit: Visit, on_import: Callable[[], None]) -> None:
    """Fill the outputs; `on_import` is called when a bundle came in."""
    model = visit.place.use_case

    def call(cursor: str | None) -> Call[PageOf[BundleImport]]:
        return page(training(TrainingClient.bundles, model=model), _SIZE, cursor)

    imported = PagedTable(
        visit,
        "bundles",
        "Imported bundles, newest first",
        _columns(model),
        call,
        empty="No bundle was imported here.",
    )
    if not visit.visitor.may("carry"):
        return

    def taken(outcome: ImportOutcome) -> str:
        imported.refresh()
        on_import()
        return "imported" if outcome.published else "the same version was here before"

    def importing() -> Call[ImportOutcome]:
        file = chosen(visit, "bundle_file")
        if file is None:
            raise ValueError("Choose the file of a bundle first.")
        return training(TrainingClient.import_bundle, file)

    action = Action(visit, "import_bundle", importing, on_answer=taken)

    @render.ui
    def import_outcome() -> TagChild:
        state = action.asked()
        if state.call is None or state.error is not None:
            return None
        return states.shown(state, _outcome)


def _outcome(found: ImportOutcome) -> Tag:
    gates = [
        tags.li(
            f"{gate['kpi']} {gate['bound']}: {number(gate['value'])} ",
            _passed(bool(gate["passed"])),
        )
        for gate in found.gates
    ]
    libraries = [
        tags.li(f"{name} {both['bundle']} in the bundle, {both['here']} here")
        for name, both in found.libraries.items()
    ]
    return tags.div(
        tags.p(
            words.version_link(found.model, found.version),
            " came from ",
            badge(found.environment),
            " and is new here." if found.published else "; the same bytes were here before.",
        ),
        tags.ul(*gates, *libraries, *(tags.li(note) for note in found.notes)),
        table(
            "Approvals that came with it",
            [
                Column("Where", lambda approval: approval.environment),
                Column("Alias", lambda approval: approval.alias),
                Column("By", lambda approval: words.who(found.model, approval.moved_by)),
                Column("Reason", lambda approval: approval.reason),
                Column("Moved", lambda approval: moment(approval.moved_at)),
            ],
            found.approvals,
        )
        if found.approvals
        else None,
        class_="outcome",
    )


def _passed(passed: bool) -> Tag:
    return badge("kept", "good") if passed else badge("not kept", "bad")


def _columns(model: str) -> list[Column[BundleImport]]:
    return [
        Column("Imported", lambda found: moment(found.imported_at)),
        Column("Version", lambda found: words.version_link(model, found.version)),
        Column("From", lambda found: badge(found.environment)),
        Column("By", lambda found: words.who(model, found.imported_by)),
        Column("Bundle", lambda found: short(found.bundle)),
    ]
