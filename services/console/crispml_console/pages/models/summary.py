"""What a version is worth and what it is made of, at one look."""

from __future__ import annotations

import json
from typing import Any

from htmltools import Tag, TagChild, TagList, tags
from shiny import render, ui

from crispml_console.pages.models import asks
from crispml_console.pages.models.opened import Opened
from crispml_console.parts import kpis, states
from crispml_console.parts.layout import badge, card, figure, grid
from crispml_console.parts.page import Place, link
from crispml_console.parts.tables import Column, facts, table
from crispml_console.parts.words import NONE, moment, number, short
from crispml_console.service.call import training
from crispml_core.client import PublishedVersion

_MAIN = ("auc", "pr_auc", "macro_f1", "accuracy", "expected_cost", "r2", "rmse", "mae")
_SHOWN = 4


def body(place: Place) -> TagChild:
    """Return what stands there before a service was asked."""
    return TagList(ui.output_ui("figures"), ui.output_ui("made_of"))


def serve(opened: Opened) -> None:
    """Fill the outputs."""
    report = opened.visit.asked(training(asks.report, opened.model, opened.name))

    @render.ui
    def figures() -> TagChild:
        return states.shown(report(), lambda found: _figures(found.content))

    @render.ui
    def made_of() -> TagChild:
        return states.shown(opened.version(), lambda found: _made_of(opened.model, found))


def _figures(content: dict[str, Any]) -> TagList:
    found = content.get("kpis", {})
    shown = [kpi for kpi in _MAIN if kpi in found][:_SHOWN]
    gates = content.get("gates", ())
    bad = {gate["kpi"] for gate in gates if not gate["passed"]}
    kept = {gate["kpi"] for gate in gates} - bad
    return TagList(
        grid(
            *(
                card_of(kpi, found[kpi], "bad" if kpi in bad else "good" if kpi in kept else "")
                for kpi in shown
            )
        ),
        grid(
            card("KPIs with their 95 % intervals", kpi_table(content)),
            tags.div(
                card("Gates", _gates(content)),
                card("Hyperparameters", _hyperparameters(content.get("hyperparameters", {}))),
            ),
            wide=True,
        ),
    )


def card_of(kpi: str, value: dict[str, Any], state: str) -> Tag:
    """Return the figure of a KPI in a card of its own."""
    interval = (
        f"{number(value['low'])} to {number(value['high'])}"
        if value.get("low") is not None
        else None
    )
    return tags.div(
        figure(f"{kpis.title(kpi)} on test", number(value["value"]), interval, state=state),
        class_="card",
        title=kpis.meaning(kpi),
    )


def kpi_table(content: dict[str, Any]) -> Tag:
    """Return all KPIs on both splits."""
    on_select = content.get("select_kpis", {})
    return table(
        "KPIs with their intervals",
        [
            Column[tuple[str, dict[str, Any]]](
                "KPI", lambda row: tags.span(kpis.title(row[0]), title=kpis.meaning(row[0]))
            ),
            Column("Test", lambda row: number(row[1]["value"]), is_number=True),
            Column(
                "Interval",
                lambda row: (
                    NONE
                    if row[1].get("low") is None
                    else f"{number(row[1]['low'])} to {number(row[1]['high'])}"
                ),
                is_number=True,
            ),
            Column("Select", lambda row: number(on_select.get(row[0])), is_number=True),
        ],
        list(content.get("kpis", {}).items()),
    )


def _gates(content: dict[str, Any]) -> Tag:
    gates = content.get("gates", ())
    if not gates:
        return states.nothing("The use case declares no gates.")
    return table(
        "Gates of the use case, held against the KPIs on test",
        [
            Column[dict[str, Any]](
                "Gate", lambda gate: f"{kpis.title(gate['kpi'])} {gate['bound']}"
            ),
            Column("Value", lambda gate: number(gate["value"]), is_number=True),
            Column(
                "Kept",
                lambda gate: badge("kept", "good") if gate["passed"] else badge("not kept", "bad"),
            ),
        ],
        list(gates),
    )


def _hyperparameters(found: dict[str, Any]) -> Tag:
    if not found:
        return states.nothing("The algorithm has none.")
    return facts(*((name, tags.code(json.dumps(value))) for name, value in found.items()))


def _made_of(use_case: str, found: PublishedVersion) -> Tag:
    compiled = found.compiled
    fast = f"compiled ({compiled.kind})" if compiled.kind else f"scikit-learn: {compiled.reason}"
    lineage = found.lineage
    return card(
        "Facts",
        facts(
            ("Task", found.task),
            ("Algorithm", found.algorithm.replace("_", " ")),
            ("Trained by", ", ".join(found.trained_by) or "nobody knows"),
            ("Made", moment(found.created_at)),
            (
                "Run",
                tags.a(short(lineage.run), href=link("cycle", use_case=use_case, run=lineage.run)),
            ),
            ("Use case", f"version {found.use_case_version}"),
            ("Definition", short(found.use_case_digest)),
            ("Digest", short(found.digest)),
            ("Seed", str(found.seed)),
            ("Threshold", number(found.threshold)),
            ("Classes", ", ".join(found.classes) or NONE),
            ("Answers by", fast),
            ("Golden records", number(found.golden_rows)),
            ("Intervals", "with promised coverage" if found.conformal else "none"),
            ("Learned from", "masked data" if found.masked else "data as they are"),
        ),
    )
