"""Traces that several figures are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crispml_console.parts.plots import ROLES

Content = Mapping[str, Any]
Figure = dict[str, Any]
SERIES = ROLES[:3]


def part(content: Content, name: str) -> Content:
    """Return a part of a report; an empty one where there is none."""
    found: Content | None = content.get(name)
    return found or {}


def line(name: str, x: Sequence[Any], y: Sequence[Any], shape: str = "linear") -> Figure:
    """Return a line; `shape` is one of plotly."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(x),
        "y": list(y),
        "line": {"shape": shape},
    }


def guide(x: Sequence[Any], y: Sequence[Any], name: str) -> Figure:
    """Return a thin dotted line to hold others against."""
    return line(name, x, y) | {
        "line": {"dash": "dot", "width": 1.5},
        "role": "muted",
        "hoverinfo": "skip",
        "showlegend": False,
    }


def interval(parts: Sequence[Content], value: str) -> Figure:
    """Return the bars from ``low`` to ``high`` around values."""

    def side(end: str) -> list[float | None]:
        return [
            None if found[end] is None or found[value] is None else abs(found[end] - found[value])
            for found in parts
        ]

    return {
        "type": "data",
        "symmetric": False,
        "array": side("high"),
        "arrayminus": side("low"),
        "thickness": 1.2,
        "width": 3,
    }


def coloured(traces: Sequence[Figure]) -> list[Figure]:
    """Give each trace a role of its own."""
    return [trace | {"role": SERIES[index % len(SERIES)]} for index, trace in enumerate(traces)]


def figure(traces: Sequence[Figure], x: str, y: str) -> Figure:
    """Return a figure, with a legend if it has several traces that are no guides."""
    named = [trace for trace in traces if trace.get("showlegend", True)]
    layout = {
        "xaxis": {"title": {"text": x}},
        "yaxis": {"title": {"text": y}},
        "showlegend": len(named) > 1,
    }
    return {"data": list(traces), "layout": layout}


def square(traces: Sequence[Figure], x: str, y: str) -> Figure:
    """Return a figure of shares against shares."""
    found = figure(traces, x, y)
    for axis in ("xaxis", "yaxis"):
        found["layout"][axis]["range"] = [-0.02, 1.02]
    return found


def sentence(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return text[:1].upper() + text[1:]
