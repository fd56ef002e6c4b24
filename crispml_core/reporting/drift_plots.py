"""The figures of a drift report, each as an SVG element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes

from crispml_core.reporting.drawing import draw, legend, name_rows
from crispml_core.reporting.svg import MUTED, SERIES

MAX_FIELDS = 15
_LIMIT = (0, (4, 4))


def effects(
    fields: Sequence[tuple[str, float, bool]], threshold: float, name: str, label: str
) -> Markup:
    """Draw the PSI of each field, those that alert in another colour, and the threshold."""
    rows = list(reversed(fields[:MAX_FIELDS]))

    def paint(axes: Axes) -> None:
        colours = [SERIES[1] if alerts else SERIES[0] for _, _, alerts in rows]
        values = [value for _, value, _ in rows]
        axes.barh(range(len(rows)), values, height=0.62, color=colours, alpha=0.85)
        axes.axvline(threshold, color=MUTED, linewidth=1, linestyle=_LIMIT)
        axes.set_xlabel("Population stability index")
        name_rows(axes, [field for field, _, _ in rows])

    return draw(paint, name, label, rows=len(rows))


def trend(
    windows: Sequence[Mapping[str, Any]],
    fields: Sequence[str],
    threshold: float,
    name: str,
    label: str,
) -> Markup:
    """Draw the PSI of some fields by window."""

    def paint(axes: Axes) -> None:
        axes.axhline(threshold, color=MUTED, linewidth=1, linestyle=_LIMIT)
        for field, colour in zip(fields, SERIES, strict=False):
            points = [
                (at, window["psi"][field])
                for at, window in enumerate(windows)
                if field in window["psi"]
            ]
            at, values = [point[0] for point in points], [point[1] for point in points]
            axes.plot(at, values, "o-", color=colour, markersize=3, label=field)
        step = max(1, len(windows) // 5)
        shown = range(0, len(windows), step)
        axes.set_xticks(list(shown), [windows[at]["from"][5:10] for at in shown])
        axes.set_ylabel("Population stability index")
        axes.set_ylim(bottom=0)
        legend(axes, len(fields), "best")

    return draw(paint, name, label)


def moved(cells: Sequence[Mapping[str, Any]], name: str, label: str) -> Markup:
    """Draw the share of values in the reference and now."""
    rows = list(reversed(cells))

    def paint(axes: Axes) -> None:
        for key, shift, colour, title in (
            ("reference", 0.19, MUTED, "training"),
            ("current", -0.19, SERIES[0], "now"),
        ):
            at = [row + shift for row in range(len(rows))]
            shares = [100 * cell[key] for cell in rows]
            axes.barh(at, shares, height=0.36, color=colour, alpha=0.85, label=title)
        axes.set_xlabel("Share of the records in %")
        name_rows(axes, [cell["value"] for cell in rows])
        legend(axes, 2, "lower right")

    return draw(paint, name, label, rows=2 * len(rows))
