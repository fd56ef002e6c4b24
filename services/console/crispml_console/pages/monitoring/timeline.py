"""What a dry run found: the state of each rule at each moment, and when it would have acted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from htmltools import Tag, TagChild, TagList

from crispml_console.parts import states
from crispml_console.parts.plots import lines, plot
from crispml_console.parts.tables import Column, table
from crispml_console.parts.words import NONE, moment, number

_ROLES = {"firing": "bad", "pending": "third", "quiet": "good", "unknown": "muted"}


def dry_run_result(result: Mapping[str, Any]) -> TagChild:
    """Return the result of a dry run."""
    rules = list(result["rules"].items())
    if not rules:
        return states.nothing("The use case declares no rules.")
    columns = [
        Column[tuple[str, Any]]("Rule", lambda r: r[0]),
        Column[tuple[str, Any]]("Fired", lambda r: number(len(r[1]["fired"])), is_number=True),
        Column[tuple[str, Any]]("First", lambda r: _first(r[1]["fired"])),
        Column[tuple[str, Any]]("Acted", lambda r: number(len(r[1]["acted"])), is_number=True),
    ]
    label = f"What the rules would have said at {number(result['evaluations'])} moments"
    return TagList(
        plot(label, timeline_figure(result["timeline"]), height=120 + 36 * len(rules)),
        table("Rules of the dry run", columns, rules),
    )


def timeline_figure(timeline: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a mark for each rule and moment, coloured by its state."""
    marks: dict[str, tuple[list[str], list[str]]] = {}
    for entry in timeline:
        for item in entry["decisions"]:
            moments, rules = marks.setdefault(item["state"], ([], []))
            moments.append(entry["at"])
            rules.append(item["rule"])
    figure = lines(
        {state: marks[state] for state in _ROLES if state in marks}, roles=_ROLES, mode="markers"
    )
    for trace in figure["data"]:
        trace["marker"] = {"symbol": "square", "size": 10}
    figure["layout"] |= {"showlegend": True, "legend": {"orientation": "h", "y": -0.3}}
    figure["layout"]["yaxis"] |= {"type": "category", "automargin": True}
    return figure


def _first(moments: list[str]) -> Tag | str:
    return moment(datetime.fromisoformat(moments[0])) if moments else NONE
