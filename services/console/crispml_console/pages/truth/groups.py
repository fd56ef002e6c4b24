"""Groups of records: their KPIs, and whether they are treated alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from htmltools import Tag, TagChild, TagList, tags

from crispml_console.pages.truth.content import Attribute, Group, Report, TreatedGroup
from crispml_console.pages.truth.summary import span, verdict_badge
from crispml_console.parts import kpis, report_plots, words
from crispml_console.parts.layout import badge
from crispml_console.parts.plots import plot
from crispml_console.parts.tables import Column, table

_CRITERIA = {
    "disparate_impact": "Disparate impact",
    "equal_opportunity": "Equal opportunity",
    "false_positive_rate": "False positive rate",
    "predictive_parity": "Predictive parity",
    "calibration": "Calibration",
    "mean_residual": "Mean residual",
}


def kpis_of_groups(report: Report) -> list[str]:
    """Return the KPIs that some group has."""
    groups = [group for segment in (report.segments or {}).values() for group in segment.groups]
    return list(dict.fromkeys(name for group in groups for name in group.kpis or {}))


def groups(report: Report, content: Mapping[str, Any], segment: str, kpi: str) -> TagChild:
    """Return a KPI of each group of a segment."""
    found = (report.segments or {}).get(segment)
    if found is None or not found.groups:
        return tags.p("No record of this window is in a group of it.", class_="nothing")
    drawn = report_plots.groups(content, segment, kpi)
    columns = [
        Column[Group]("Group", lambda g: g.group),
        Column[Group]("Labels", lambda g: _count(g.n), is_number=True),
        Column[Group](kpis.title(kpi), lambda g: _value(g, kpi), is_number=True),
        Column[Group]("95 % interval", lambda g: _span(g, kpi), is_number=True),
    ]
    shown = table(f"{kpis.title(kpi)} by {segment}", columns, found.groups)
    if drawn is None:
        return shown
    label = f"{kpis.title(kpi)} by {segment}, with 95 % intervals; dotted: all records"
    return TagList(plot(label, drawn, height=110 + 34 * len(found.groups)), shown)


def _count(found: int | str) -> str:
    """Return a count; a small one is withheld, and is a text such as ``< 30``."""
    return found if isinstance(found, str) else words.number(found)


def _value(group: Group, kpi: str) -> TagChild:
    if group.suppressed:
        return badge("too few labels")
    found = (group.kpis or {}).get(kpi)
    return words.number(found.value if found is not None else None)


def _span(group: Group, kpi: str) -> str:
    found = (group.kpis or {}).get(kpi)
    return words.NONE if found is None or group.suppressed else span(found)


def fairness(report: Report) -> TagChild:
    """Return how the groups of protected attributes are treated."""
    attributes = report.fairness.attributes if report.fairness is not None else []
    if not attributes:
        return tags.p("The use case declares no protected attribute.", class_="nothing")
    return TagList(*(_attribute(attribute) for attribute in attributes))


def _attribute(attribute: Attribute) -> Tag:
    others = [group for group in attribute.groups if group.group != attribute.reference]
    columns = [
        Column[TreatedGroup]("Group", lambda g: g.group),
        Column[TreatedGroup]("Scores", lambda g: _count(g.n), is_number=True),
        *(
            Column[TreatedGroup](
                _CRITERIA.get(criterion, criterion.replace("_", " ")),
                lambda g, name=criterion: _compared(g, name),  # type: ignore[misc]
            )
            for criterion in attribute.criteria
        ),
    ]
    beside = f", beside {attribute.reference}" if attribute.reference else ""
    favourable = f", favourable: {attribute.favourable}" if attribute.favourable else ""
    return tags.section(
        tags.div(
            tags.h3(f"{attribute.segment}{beside}{favourable}"),
            verdict_badge(attribute.verdict),
            class_="row-between",
        ),
        tags.p("; ".join(attribute.reasons), class_="quiet") if attribute.reasons else None,
        table(f"Groups of {attribute.segment}{beside}", columns, others) if others else None,
        class_="attribute",
    )


def _compared(group: TreatedGroup, criterion: str) -> TagChild:
    if group.suppressed:
        return badge("too few")
    found = group.compared.get(criterion)
    if found is None or found.value is None:
        return words.NONE
    return TagList(
        tags.span(words.number(found.value), title=span(found)),
        " ",
        verdict_badge(found.verdict) if found.verdict else None,
    )
