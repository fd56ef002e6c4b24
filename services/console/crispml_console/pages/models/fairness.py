"""Whether groups are treated alike, as the report found it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from htmltools import Tag, TagList, tags

from crispml_console.parts.layout import badge, card
from crispml_console.parts.tables import Column, table
from crispml_console.parts.words import NONE, number

_STATES = {"fair": "good", "unfair": "bad", "undecided": "warn"}
_TITLES = {
    "disparate_impact": "Disparate impact (ratio)",
    "equal_opportunity": "Equal opportunity (difference)",
    "false_positive_rate": "False positive rate (difference)",
    "predictive_parity": "Predictive parity (difference)",
    "calibration": "Calibration (difference)",
    "mean_residual": "Mean residual (difference)",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One criterion of one group, held against the reference."""

    group: str
    criterion: str
    value: float | None
    low: float | None
    high: float | None
    p_adjusted: float | None
    verdict: str | None


def part(content: Mapping[str, Any]) -> Tag | None:
    """Return the card; None where the use case declares no such groups."""
    found = content.get("fairness")
    if not found or not found["attributes"]:
        return None
    return card(
        "Fairness",
        *(_attribute(attribute) for attribute in found["attributes"]),
        tags.p(
            f"{found['tests']} comparisons are tested together (correction: {found['correction']}, "
            f"level {number(found['level'])}). One without a verdict is not judged.",
            class_="quiet",
        ),
    )


def comparisons(attribute: Mapping[str, Any]) -> list[Comparison]:
    """Return what was compared, the judged ones first."""
    found = [
        Comparison(
            group["group"],
            criterion,
            one["value"],
            one["low"],
            one["high"],
            one["p_adjusted"],
            one["verdict"],
        )
        for group in attribute["groups"]
        if not group["suppressed"]
        for criterion, one in (group.get("compared") or {}).items()
    ]
    return sorted(found, key=lambda one: one.verdict is None)


def _attribute(attribute: Mapping[str, Any]) -> TagList:
    verdict = attribute["verdict"]
    return TagList(
        tags.div(
            tags.h3(
                f"{attribute['segment']}: {attribute['favourable']} compared with "
                f"{attribute['reference']}"
            ),
            badge(verdict, _STATES.get(verdict, "")) if verdict else None,
            class_="row-between",
        ),
        table(
            f"Fairness by {attribute['segment']}",
            [
                Column[Comparison]("Group", lambda one: one.group),
                Column("Criterion", lambda one: _TITLES.get(one.criterion, one.criterion)),
                Column("Value", lambda one: number(one.value), is_number=True),
                Column("Interval", _interval, is_number=True),
                Column("Adjusted p-value", lambda one: number(one.p_adjusted), is_number=True),
                Column(
                    "Verdict",
                    lambda one: (
                        badge(one.verdict, _STATES.get(one.verdict, ""))
                        if one.verdict
                        else tags.span("not judged", class_="quiet")
                    ),
                ),
            ],
            comparisons(attribute),
        ),
        tags.ul(*(tags.li(reason) for reason in attribute["reasons"]), class_="quiet"),
    )


def _interval(one: Comparison) -> str:
    return NONE if one.low is None else f"{number(one.low)} to {number(one.high)}"
