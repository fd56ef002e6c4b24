"""Plots, drawn by plotly in the browser from figures that are made here.

A figure is a dict of plotly: ``data`` and ``layout``. Colours, fonts and grid come from the theme
of the page, so a figure names roles (``ink``, ``accent`` …) and no colours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from htmltools import Tag, TagChild, tags
from shiny import Session

ROLES = ("accent", "second", "third", "good", "bad", "muted")
"""What ``"role"`` of a trace may say; the script of the page turns it into a colour."""


def plot(
    label: str,
    figure: Mapping[str, Any],
    *,
    table: TagChild = None,
    height: int = 280,
    id: str | None = None,  # noqa: A002 - as HTML names it
) -> Tag:
    """Return a plot.

    Parameters
    ----------
    label : str
        One sentence on what it shows, for a screen reader and as its title.
    figure : mapping
        ``data`` (traces, each with a ``role``) and ``layout``.
    table : tag, optional
        The numbers, which can be opened below the plot.
    height : int
        Pixels.
    id : str, optional
        For `redraw`.
    """
    return tags.figure(
        tags.figcaption(label),
        tags.div(
            class_="plot",
            id=id,
            role="img",
            aria_label=label,
            data_figure=_text(figure),
            style=f"height:{height}px",
        ),
        tags.details(tags.summary("The numbers"), table) if table is not None else None,
    )


async def redraw(session: Session, id: str, figure: Mapping[str, Any]) -> None:  # noqa: A002 - as HTML names it
    """Draw a plot of the page anew in its place, without a flicker."""
    await session.send_custom_message("crispml-plot", {"id": id, "figure": _text(figure)})


def lines(
    series: Mapping[str, tuple[Sequence[Any], Sequence[Any]]],
    *,
    x: str = "",
    y: str = "",
    roles: Mapping[str, str] | None = None,
    mode: str = "lines",
) -> dict[str, Any]:
    """Return a figure of lines: for each name the x and the y values."""
    data = [
        {
            "type": "scatter",
            "mode": mode,
            "name": name,
            "x": list(xs),
            "y": list(ys),
            "role": (roles or {}).get(name, ROLES[index % 3]),
        }
        for index, (name, (xs, ys)) in enumerate(series.items())
    ]
    return {"data": data, "layout": _axes(x, y, len(data) > 1)}


def bars(
    series: Mapping[str, tuple[Sequence[Any], Sequence[Any]]],
    *,
    x: str = "",
    y: str = "",
    roles: Mapping[str, str] | None = None,
    is_horizontal: bool = False,
) -> dict[str, Any]:
    """Return a figure of bars beside each other: for each name the places and the lengths."""
    data = [
        {
            "type": "bar",
            "name": name,
            "x": list(lengths if is_horizontal else places),
            "y": list(places if is_horizontal else lengths),
            "orientation": "h" if is_horizontal else "v",
            "role": (roles or {}).get(name, ROLES[index % 3]),
        }
        for index, (name, (places, lengths)) in enumerate(series.items())
    ]
    layout = _axes(x, y, len(data) > 1)
    if is_horizontal:
        layout["yaxis"] |= {"automargin": True, "autorange": "reversed"}
    return {"data": data, "layout": layout}


def _text(figure: Mapping[str, Any]) -> str:
    return json.dumps(figure, default=float)


def _axes(x: str, y: str, has_legend: bool) -> dict[str, Any]:
    return {
        "xaxis": {"title": {"text": x}},
        "yaxis": {"title": {"text": y}},
        "showlegend": has_legend,
    }
