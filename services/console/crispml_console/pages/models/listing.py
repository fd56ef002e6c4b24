"""All versions of a model, who answers, how the aliases moved, and bundles from elsewhere."""

from __future__ import annotations

from htmltools import TagChild, TagList, tags
from shiny import ui

from crispml_console.pages.models import asks, bundles, moves, words
from crispml_console.parts import kpis
from crispml_console.parts.layout import card
from crispml_console.parts.page import Place, Visit
from crispml_console.parts.tables import Column, PagedTable
from crispml_console.parts.words import moment, number, short
from crispml_console.service.call import Call, training
from crispml_core.client import PageOf

_SIZE = 10


def body(place: Place) -> TagChild:
    """Return what stands there before a service was asked."""
    return TagList(
        ui.output_ui("answering"),
        card("Versions", PagedTable.body("versions")),
        moves.body(place),
        bundles.body(place),
    )


def serve(visit: Visit) -> None:
    """Fill the outputs."""
    model = visit.place.use_case

    def call(cursor: str | None) -> Call[PageOf[asks.Row]]:
        return training(asks.rows, model, _SIZE, cursor)

    versions = PagedTable(
        visit,
        "versions",
        "Versions, newest first",
        _columns(model),
        call,
        empty="There is no version yet. A cycle trains and publishes one.",
    )
    moves.serve(visit)
    bundles.serve(visit, on_import=versions.refresh)


def _columns(use_case: str) -> list[Column[asks.Row]]:
    return [
        Column(
            "Version",
            lambda row: tags.div(
                words.version_link(use_case, row.version.version),
                words.alias_badges(row.aliases),
                class_="version-cell",
            ),
        ),
        Column("Algorithm", lambda row: row.version.algorithm.replace("_", " ")),
        Column("KPI on test", _kpi, is_number=True),
        Column("Approval", lambda row: words.approval_badge(row.approval)),
        Column("Health", lambda row: words.fit_badge(row.verdict)),
        Column("Trained by", lambda row: ", ".join(row.version.trained_by) or "nobody knows"),
        Column("Signed by", _signed),
        Column("Created", lambda row: moment(row.version.created_at)),
    ]


def _kpi(row: asks.Row) -> TagChild:
    found = row.version.kpis.get("test", {})
    kpi = kpis.main(found)
    if kpi is None:
        return number(None)
    return tags.span(number(found[kpi]), tags.small(f" {kpis.title(kpi)}", class_="quiet"))


def _signed(row: asks.Row) -> TagChild:
    return tags.span("nobody", class_="quiet") if row.key_id is None else short(row.key_id, 8)
