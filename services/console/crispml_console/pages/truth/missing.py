"""What the KPIs are if the labels that did not come are thought of."""

from __future__ import annotations

from htmltools import TagChild, TagList, tags

from crispml_console.pages.truth.content import Kpis, Report
from crispml_console.pages.truth.summary import span
from crispml_console.parts import kpis, words
from crispml_console.parts.tables import Column, table


def missing_labels(report: Report) -> TagChild:
    """Return each KPI over the labels that came, over all scores by estimate, and its bounds."""
    plain = report.kpis or {}
    combined: Kpis = {}
    if report.estimated is not None and report.estimated.combined is not None:
        combined = report.estimated.combined.kpis or {}
    weighted = report.weighted
    bounds = (weighted.bounds if weighted is not None else None) or {}
    by_chance = (weighted.kpis if weighted is not None else None) or {}
    names = [name for name in plain if name in combined or name in bounds or name in by_chance]
    if not names:
        return tags.p("Every score has its label, or none can be estimated.", class_="nothing")
    reason = weighted.reason if weighted is not None else None

    def column(title: str, found: Kpis) -> Column[str]:
        return Column[str](
            title,
            lambda name: words.number(found[name].value) if name in found else words.NONE,
            is_number=True,
        )

    columns = [
        Column[str]("KPI", kpis.title),
        column("Came", plain),
        column("Weighted", by_chance),
        column("Estimated", combined),
        Column[str](
            "Bounds",
            lambda name: span(bounds[name]) if name in bounds else words.NONE,
            is_number=True,
        ),
    ]
    return TagList(
        tags.p(
            "KPIs of the labels that came, of those weighted by the chance to have one, of all "
            "scores if the missing labels came as the probabilities say, and what they are at "
            "least and at most.",
            class_="quiet",
        ),
        tags.p(f"Weights cannot be used: {reason}", class_="quiet") if reason else None,
        table("KPIs and missing labels", columns, names),
    )
