"""The training report of a version as plots that can be looked into."""

from __future__ import annotations

from typing import Any

from htmltools import Tag, TagChild, TagList, tags
from shiny import reactive, render, ui

from crispml_console.pages.models import asks, fairness
from crispml_console.pages.models.opened import Opened
from crispml_console.parts import kpis, report_plots, states
from crispml_console.parts.layout import card, grid, row
from crispml_console.parts.page import Place
from crispml_console.parts.plots import plot
from crispml_console.parts.tables import Column, table
from crispml_console.parts.words import number, share
from crispml_console.service.call import training

_WITHOUT_GROUPS = ("threshold",)


def body(place: Place) -> TagChild:
    """Return what stands there before a service was asked."""
    return TagList(ui.output_ui("plots"), ui.output_ui("segments"))


def serve(opened: Opened) -> None:
    """Fill the outputs."""
    visit = opened.visit
    report = visit.asked(training(asks.report, opened.model, opened.name))

    @render.ui
    def plots() -> TagChild:
        return states.shown(report(), lambda found: _plots(opened.name, found.content))

    @render.ui
    def segments() -> TagChild:
        value = report().value
        return _segments(visit.place, value.content) if value is not None else None

    @render.ui
    def segment_plot() -> TagChild:
        value = report().value
        segment, kpi = visit.input.segment(), visit.input.segment_kpi()
        return _segment(value.content, segment, kpi) if value is not None else None

    @reactive.effect
    @reactive.event(visit.input.segment, visit.input.segment_kpi, ignore_init=True)
    async def remembered() -> None:
        await visit.remember(segment=visit.input.segment(), kpi=visit.input.segment_kpi())


def _plots(version: str, content: dict[str, Any]) -> TagList:
    one = {version: content}
    rows = content.get("rows", {})
    made = [
        _card(
            "ROC", "How many positive records are found, over false alarms", report_plots.roc(one)
        ),
        _card(
            "Precision and recall",
            "How many positive decisions are right, over how many are found",
            report_plots.precision_recall(one),
        ),
        _card(
            "Calibration",
            "Observed shares over promised probabilities, with their intervals",
            report_plots.calibration(one),
        ),
        _card(
            "Cost by threshold",
            "Mean cost of a decision on test; the dotted line is the threshold in use",
            report_plots.costs(one),
        ),
        _card(
            "Scores", "How the scores of each group are spread", report_plots.distribution(content)
        ),
        _card(
            "Importance",
            "How much is lost when a column is shuffled, with its spread",
            report_plots.importance(one),
            height=380,
        ),
        _card("Residuals", "Prediction minus truth", report_plots.residuals(content)),
        _card(
            "Truth and prediction", "Each dot is a record of test", report_plots.scatter(content)
        ),
        _card("Error by prediction", "Mean error of each tenth", report_plots.deciles(content)),
        _card(
            "Promised coverage",
            "How often the promised sets or intervals hold the truth",
            report_plots.coverage(content),
        ),
        _confusion(content),
    ]
    return TagList(
        tags.p(
            f"All numbers are of the {number(rows.get('test'))} records of test, which the model "
            f"never saw: it was fitted on {number(rows.get('train'))} and chosen on "
            f"{number(rows.get('select'))}.",
            class_="quiet",
        ),
        grid(*made, wide=True),
        fairness.part(content),
    )


def _card(
    title: str, label: str, figure: report_plots.Figure | None, height: int = 300
) -> Tag | None:
    return None if figure is None else card(title, plot(label, figure, height=height))


def _confusion(content: dict[str, Any]) -> Tag | None:
    found = content.get("confusion")
    if not found:
        return None
    classes, matrix = found["classes"], found["matrix"]
    columns = [Column[tuple[str, list[float]]]("Truth", lambda row: row[0])]
    columns += [_decided(name, at) for at, name in enumerate(classes)]
    cost = found.get("total_cost")
    return card(
        "Decisions",
        table("Decisions by truth", columns, list(zip(classes, matrix, strict=True))),
        tags.p(f"All mistakes together cost {number(cost)}.", class_="quiet") if cost else None,
    )


def _decided(name: str, at: int) -> Column[tuple[str, list[float]]]:
    return Column(f"decided {name}", lambda row: _cell(row[1], at), is_number=True)


def _cell(counts: list[float], at: int) -> TagChild:
    total = sum(counts)
    part = share(counts[at] / total) if total else ""
    return tags.span(number(counts[at]), tags.small(f" {part}", class_="quiet"))


def _segments(place: Place, content: dict[str, Any]) -> Tag | None:
    segments = content.get("segments") or {}
    names = [kpi for kpi in content.get("kpis", {}) if kpi not in _WITHOUT_GROUPS]
    if not segments or not names:
        return None
    return card(
        "Segments",
        row(
            ui.input_select(
                "segment",
                "Segment",
                list(segments),
                selected=place.query.get("segment"),
            ),
            ui.input_select(
                "segment_kpi",
                "KPI",
                {kpi: kpis.title(kpi) for kpi in names},
                selected=place.query.get("kpi"),
            ),
        ),
        ui.output_ui("segment_plot"),
    )


def _segment(content: dict[str, Any], segment: str, kpi: str) -> TagChild:
    found = content["segments"].get(segment)
    if found is None:
        return None
    figure = report_plots.groups(content, segment, kpi)
    shown = [group for group in found["groups"] if not group["suppressed"]]
    numbers = table(
        f"{kpis.title(kpi)} by {segment}",
        [
            Column[dict[str, Any]]("Group", lambda group: group["group"]),
            Column("Records", lambda group: number(group["n"]), is_number=True),
            Column("Value", lambda group: number(group["kpis"][kpi]["value"]), is_number=True),
            Column("From", lambda group: number(group["kpis"][kpi]["low"]), is_number=True),
            Column("To", lambda group: number(group["kpis"][kpi]["high"]), is_number=True),
        ],
        [group for group in shown if kpi in group["kpis"]],
    )
    withheld = found.get("suppressed", 0)
    return TagList(
        plot(
            f"{kpis.title(kpi)} by {segment}; the dotted line is that of all records",
            figure,
            table=numbers,
            height=90 + 44 * len(shown),
        )
        if figure is not None
        else states.nothing("No group has enough records for this KPI."),
        tags.p(f"{withheld} groups are too small to be shown.", class_="quiet")
        if withheld
        else None,
    )
