"""What a replay found."""

from __future__ import annotations

from typing import Any

from htmltools import TagChild, TagList

from crispml_console.parts.layout import figure, grid
from crispml_console.parts.tables import Column, table
from crispml_console.parts.words import NONE, number, share
from crispml_core.client import VerificationReport

_IMPACTS = {
    "cost": "Mean cost per record",
    "mistakes": "Share of mistakes",
    "squared_error": "Mean squared error",
}


def result(report: VerificationReport) -> TagChild:
    """Return the differences of all records, what was decided otherwise, and each segment."""
    found = report.content["overall"]
    rows = found["rows"]
    if not rows:
        return "The window has no scores that could be replayed."
    return TagList(
        grid(
            figure("Records", number(rows)),
            figure("Same to the bit", share(found["identical"] / rows)),
            figure("Decided otherwise", number(found["flips"]), share(found["flips"] / rows))
            if "flips" in found
            else None,
            figure("Largest difference", number(found["largest_delta"])),
            *(_impact(name, found[kind]) for kind, name in _IMPACTS.items() if kind in found),
        ),
        _flips(found.get("flips_by_class") or {}),
        _segments(report.content.get("segments") or {}),
    )


def _impact(name: str, impact: dict[str, Any]) -> TagChild:
    before, after = impact["before"], impact["after"]
    if before is None or after is None:
        return figure(name, NONE, "no labels yet")
    state = "" if before == after else "good" if after < before else "bad"
    note = f"was {number(before)}; {number(impact['labelled'])} labelled"
    return figure(name, number(after), note, state=state)


def _flips(flips: dict[str, int]) -> TagChild:
    if not flips:
        return None
    columns = [
        Column[tuple[str, int]]("Decision", lambda flip: flip[0]),
        Column[tuple[str, int]]("Records", lambda flip: number(flip[1]), is_number=True),
    ]
    return table("Decisions that changed", columns, list(flips.items()))


def _segments(segments: dict[str, dict[str, dict[str, Any]]]) -> TagChild:
    rows = [
        (f"{segment}: {group}", numbers)
        for segment, groups in segments.items()
        for group, numbers in groups.items()
    ]
    if not rows:
        return None
    columns = [
        Column[tuple[str, dict[str, Any]]]("Group", lambda row: row[0]),
        Column[tuple[str, dict[str, Any]]](
            "Records", lambda row: number(row[1].get("rows")), is_number=True
        ),
        Column[tuple[str, dict[str, Any]]](
            "Decided otherwise", lambda row: number(row[1].get("flips")), is_number=True
        ),
        Column[tuple[str, dict[str, Any]]](
            "Mean difference", lambda row: number(row[1].get("mean_delta")), is_number=True
        ),
    ]
    return table("Differences by segment; small groups show no numbers", columns, rows)
