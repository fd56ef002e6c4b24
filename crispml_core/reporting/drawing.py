"""What all figures share: a frame in the style of the pages, points with bounds, lying rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from crispml_core.reporting.svg import GRID, INK, SERIES, SURFACE, page_style, to_svg

WIDTH = 4.6
_HEIGHT = 3.3
_ROW = 0.27


def draw(
    paint: Callable[[Axes], None],
    name: str,
    label: str,
    *,
    rows: int | None = None,
    width: float = WIDTH,
) -> Markup:
    """Return a figure; `rows` is how many lines a lying one has.

    Parameters
    ----------
    paint : callable
        Draws on the axes.
    name, label : str
        See `crispml_core.reporting.svg.to_svg`.
    """
    height = _HEIGHT if rows is None else 0.75 + _ROW * max(rows, 2)
    with page_style():
        figure = Figure(figsize=(width, height), layout="constrained")
        paint(figure.add_subplot())
        return to_svg(figure, name, label)


def error_bars(
    axes: Axes,
    at: Sequence[float],
    points: Sequence[Mapping[str, Any]],
    middle: str,
    *,
    vertical: bool,
    colour: str = SERIES[0],
) -> None:
    """Draw points with their bounds; a point without bounds stands alone, one without value not."""
    for where, point in zip(at, points, strict=True):
        value = point[middle]
        if value is None:
            continue
        if point["low"] is not None:
            ends = [point["low"], point["high"]]
            line = ([where, where], ends) if vertical else (ends, [where, where])
            axes.plot(*line, color=colour, linewidth=1.6, alpha=0.55)
        dot = (where, value) if vertical else (value, where)
        axes.plot(*dot, "o", color=colour, markersize=6, markeredgecolor=SURFACE, markeredgewidth=1)


def unit_square(axes: Axes, x: str, y: str) -> None:
    """Show shares on both axes, with their names."""
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.02)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Label the rows of a lying figure; a grid of rows would only repeat them."""
    short = [name if len(name) <= 28 else f"{name[:27]}…" for name in names]
    axes.set_yticks(range(len(names)), short)
    axes.set_ylim(-0.6, max(len(names), 2) - 0.4)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.spines["left"].set_color(GRID)


def legend(axes: Axes, entries: int, where: Literal["lower right", "best"]) -> None:
    """Say what the colours mean, when there are several."""
    if entries > 1:
        axes.legend(loc=where, labelcolor=INK)


def sentence(text: str) -> str:
    """Return the text with a capital letter."""
    return text[:1].upper() + text[1:]
