"""How long each method took in the last cycles."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from htmltools import Tag, tags

from crispml_console.parts.page import link
from crispml_console.parts.plots import bars, plot
from crispml_console.parts.tables import Column, table
from crispml_console.parts.words import duration, moment, number
from crispml_core.client import METHODS, Run

_ROLES = ("accent", "second", "third")
_PALE, _WIDTH = 0.5, 0.6


def cycle_plot(runs: list[Run]) -> Tag:
    """Return a bar for each cycle, made of its methods, the oldest first."""
    label = "Seconds of each method in the last cycles"
    columns = [
        Column[Run](
            "Cycle",
            lambda r: tags.a(
                moment(r.created_at), href=link("cycle", use_case=r.use_case, run=r.id)
            ),
        ),
        Column[Run]("Methods", lambda r: number(len(r.steps)), is_number=True),
        Column[Run](
            "Time", lambda r: duration(sum(step.seconds for step in r.steps)), is_number=True
        ),
    ]
    return plot(label, cycle_figure(runs), table=table(label, columns, runs), height=320)


def cycle_figure(runs: list[Run]) -> dict[str, Any]:
    """Return the figure: seconds by method, one on the other, by cycle."""
    moments = [run.created_at.strftime("%d %b %H:%M:%S") for run in runs]
    seconds: dict[str, list[float]] = defaultdict(lambda: [0.0] * len(runs))
    for place, run in enumerate(runs):
        for step in run.steps:
            seconds[step.method][place] += step.seconds
    used = [method for method in METHODS if method in seconds]
    figure = bars(
        {method: (moments, seconds[method]) for method in used},
        y="seconds",
        roles={method: _ROLES[place // 2 % 3] for place, method in enumerate(used)},
    )
    for place, trace in enumerate(figure["data"]):
        # Six methods and three colours: each colour comes whole and pale.
        trace["opacity"] = _PALE if place % 2 else 1
        trace["width"] = _WIDTH
    figure["layout"] |= {
        "barmode": "stack",
        "legend": {"orientation": "h", "y": -0.35, "traceorder": "normal"},
    }
    figure["layout"]["xaxis"] |= {"type": "category"}
    return figure
