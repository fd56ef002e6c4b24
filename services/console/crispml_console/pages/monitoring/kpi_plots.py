"""Plots of one KPI: by report, and by the parts of the newest one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from htmltools import Tag, tags

from crispml_console.parts import states
from crispml_console.parts.answers import Interval, Verified
from crispml_console.parts.plots import lines, plot
from crispml_console.parts.tables import Column, table
from crispml_console.parts.words import NONE, moment, number
from crispml_core.client import AliasEvent

Point = tuple[datetime, Interval, str]
"""When, what, and which scores it is about."""

_AROUND = timedelta(hours=12)
_MARK = "#8590a8"
"""The role ``muted``, which both themes can show; shapes of a plot know no roles."""


def by_report(kpi: str, reports: Sequence[Verified], moves: Sequence[AliasEvent]) -> Tag:
    """Return a point for each report, at the moment that it knows labels until."""
    points = [
        (report.window.as_of, (report.verdict.kpis or {})[kpi], report.version or "all versions")
        for report in reversed(reports)
        if report.window.as_of is not None
        and report.verdict is not None
        and kpi in (report.verdict.kpis or {})
    ]
    return _plotted(f"{kpi} of each report, with its 95 % interval", kpi, points, reports[0], moves)


def by_period(kpi: str, report: Verified, moves: Sequence[AliasEvent]) -> Tag:
    """Return a point for each part of the window of a report, by when the scores were made."""
    points = [
        (part.start, part.kpis[kpi], report.version or "all versions")
        for part in report.periods
        if part.kpis is not None and kpi in part.kpis
    ]
    return _plotted(
        f"{kpi} by when the scores were made, from the newest report", kpi, points, report, moves
    )


def moved_table(moves: Sequence[AliasEvent]) -> Tag | None:
    """Return the moves of the champion, which the plots mark."""
    columns = [
        Column[AliasEvent]("When", lambda m: moment(m.moved_at)),
        Column[AliasEvent]("Champion became", lambda m: m.version or "none"),
        Column[AliasEvent]("By", lambda m: m.moved_by),
        Column[AliasEvent]("Why", lambda m: m.reason),
    ]
    if not moves:
        return None
    return tags.details(
        tags.summary("Moves of the champion, which are marked in the plots"),
        table("Moves of the champion", columns, moves),
    )


def _plotted(
    label: str, kpi: str, points: list[Point], report: Verified, moves: Sequence[AliasEvent]
) -> Tag:
    known = [point for point in points if point[1].value is not None]
    if not known:
        return tags.figure(
            tags.figcaption(label), states.nothing("There are too few labels to say it.")
        )
    columns = [
        Column[Point]("When", lambda p: moment(p[0])),
        Column[Point]("Scores of", lambda p: p[2]),
        Column[Point](kpi, lambda p: number(p[1].value), is_number=True),
        Column[Point]("95 % interval", lambda p: _interval(p[1]), is_number=True),
    ]
    return plot(label, kpi_figure(kpi, known, report, moves), table=table(label, columns, points))


def kpi_figure(
    kpi: str, points: list[Point], report: Verified, moves: Sequence[AliasEvent]
) -> dict[str, Any]:
    """Return points with their intervals, the bounds of the gates, and marks where aliases moved.

    Parameters
    ----------
    report : Verified
        Says the gates.
    """
    groups = list(dict.fromkeys(about for _, _, about in points))
    split = {group: [point for point in points if point[2] == group] for group in groups}
    figure = lines(
        {
            group.rpartition("-")[2]: ([p[0].isoformat() for p in ps], [p[1].value for p in ps])
            for group, ps in split.items()
        },
        mode="lines+markers",
    )
    for trace, ps in zip(figure["data"], split.values(), strict=True):
        trace["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": [_gap(p[1].value, p[1].high) for p in ps],
            "arrayminus": [_gap(p[1].low, p[1].value) for p in ps],
            "thickness": 1,
            "width": 3,
        }
    first, last = points[0][0], points[-1][0]
    for gate in report.gates:
        if gate.kpi == kpi:
            figure["data"] += _bounds(gate.minimum, gate.maximum, first, last)
    shown = [move for move in moves if first <= move.moved_at <= last]
    figure["layout"] |= {
        "shapes": [_mark(move) for move in shown],
        "annotations": [_name(move) for move in shown],
        "showlegend": len(figure["data"]) > 1,
        "legend": {"orientation": "h", "y": -0.2},
        "margin": {"l": 48, "r": 12, "t": 24, "b": 40},
    }
    if first == last:  # plotly would show the microseconds around a single point
        sides = (first - _AROUND, last + _AROUND)
        figure["layout"]["xaxis"] |= {"range": [side.isoformat() for side in sides]}
    return figure


def _bounds(
    minimum: float | None, maximum: float | None, first: datetime, last: datetime
) -> list[dict[str, Any]]:
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"gate {sign} {bound:g}",
            "x": [first.isoformat(), last.isoformat()],
            "y": [bound, bound],
            "role": "bad",
            "line": {"dash": "dot", "width": 1},
        }
        for sign, bound in ((">=", minimum), ("<=", maximum))
        if bound is not None
    ]


def _mark(move: AliasEvent) -> dict[str, Any]:
    at = move.moved_at.isoformat()
    line = {"width": 1, "dash": "dash", "color": _MARK}
    return {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def _name(move: AliasEvent) -> dict[str, Any]:
    version = move.version.rpartition("-")[2] or "none"
    return {
        "x": move.moved_at.isoformat(),
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "text": version,
        "hovertext": f"champion became {move.version or 'none'}: {move.reason}",
        "showarrow": False,
        "font": {"size": 10},
    }


def _gap(low: float | None, high: float | None) -> float:
    return 0.0 if low is None or high is None else high - low


def _interval(kpi: Interval) -> str:
    return NONE if kpi.low is None else f"{number(kpi.low)} to {number(kpi.high)}"
