"""The figures that only a verification report has; see `crispml_core.reporting.plots`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes

from crispml_core.reporting import words
from crispml_core.reporting.drawing import WIDTH, draw, error_bars, legend, name_rows
from crispml_core.reporting.svg import MUTED, SERIES

_TICKS = 6
_DAY = "T00:00:00Z"
# Criteria whose tolerance is not the common one of differences.
_OWN = {"calibration": "calibration", "mean_residual": "residual"}


def label_rates(deciles: Sequence[Mapping[str, Any]], name: str, label: str) -> Markup:
    """Draw the share of labelled scores by tenth of the score, with intervals."""

    def paint(axes: Axes) -> None:
        at = range(1, len(deciles) + 1)
        error_bars(axes, at, [part["rate"] for part in deciles], "value", vertical=True)
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlabel("Tenth of the scores, the lowest first")
        axes.set_ylabel("Share with a label")

    return draw(paint, name, label)


def trend(
    periods: Sequence[Mapping[str, Any]], kpi: str, overall: float | None, name: str, label: str
) -> Markup:
    """Draw a KPI over the parts of the window with its intervals, and its value over all."""

    def paint(axes: Axes) -> None:
        if overall is not None:
            axes.axhline(overall, color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
        shown = [(place, part) for place, part in enumerate(periods) if part["kpis"]]
        error_bars(
            axes,
            [place for place, _ in shown],
            [part["kpis"][kpi] for _, part in shown],
            "value",
            vertical=True,
        )
        axes.set_ylabel(words.title(kpi))
        _moments(axes, [part["start"] for part in periods])

    return draw(paint, name, label, width=1.15 * WIDTH)


def estimated_and_realised(
    slices: Sequence[Mapping[str, Any]], kpi: str, name: str, label: str
) -> Markup:
    """Draw what was expected of each part of the window, with its interval, beside what came."""

    def paint(axes: Axes) -> None:
        pairs = [part["kpis"][kpi] for part in slices]
        at = range(len(pairs))
        error_bars(
            *(axes, [place - 0.1 for place in at], [pair["estimated"] for pair in pairs], "value"),
            vertical=True,
        )
        came = [
            (place + 0.1, pair["realised"])
            for place, pair in zip(at, pairs, strict=True)
            if pair["realised"] is not None
        ]
        axes.plot([], [], "o", color=SERIES[0], label="estimated")
        axes.plot(
            [place for place, _ in came],
            [value for _, value in came],
            *("D",),
            color=SERIES[1],
            markersize=5,
            label="realised",
        )
        axes.set_ylabel(words.title(kpi))
        _moments(axes, [part["start"] for part in slices])
        legend(axes, 2, "best")

    return draw(paint, name, label, width=1.15 * WIDTH)


def views(
    rows: Sequence[tuple[str, Mapping[str, Any]]], title: str, name: str, label: str
) -> Markup:
    """Draw the same KPI as realised, weighted, estimated and bounded, one below the other."""
    shown = list(reversed(rows))

    def paint(axes: Axes) -> None:
        at = range(len(shown))
        for place, (_, found) in zip(at, shown, strict=True):
            if found["value"] is None and found["low"] is not None:
                axes.plot([found["low"], found["high"]], [place, place], color=MUTED, linewidth=1.6)
        error_bars(axes, at, [found for _, found in shown], "value", vertical=False)
        axes.set_xlabel(title)
        name_rows(axes, [text for text, _ in shown])

    return draw(paint, name, label, rows=len(shown))


def compared(
    rows: Sequence[tuple[str, Mapping[str, Any]]],
    attribute: Mapping[str, Any],
    name: str,
    label: str,
) -> Markup:
    """Draw how groups compare with their reference, between the bounds of what is tolerated."""
    shown = list(reversed(rows))
    criterion, tolerated = attribute["criteria"][0], attribute["tolerances"]
    middle, limits = 0.0, (-tolerated["difference"], tolerated["difference"])
    if criterion == "disparate_impact":
        middle, limits = 1.0, (tolerated["ratio"], 1 / tolerated["ratio"])
    elif criterion in _OWN:
        limits = (-tolerated[_OWN[criterion]], tolerated[_OWN[criterion]])

    def paint(axes: Axes) -> None:
        axes.axvline(middle, color=MUTED, linewidth=1)
        for limit in limits:
            axes.axvline(limit, color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
        error_bars(axes, range(len(shown)), [found for _, found in shown], "value", vertical=False)
        axes.set_xlabel(words.title(criterion))
        name_rows(axes, [group for group, _ in shown])

    return draw(paint, name, label, rows=len(shown))


def _moments(axes: Axes, starts: Sequence[str]) -> None:
    """Name a few of the parts by the day they start at, or by the hour where they are shorter."""
    days = all(start.endswith(_DAY) for start in starts)
    step = -(-len(starts) // _TICKS)
    places = list(range(0, len(starts), step))
    axes.set_xticks(
        places, [starts[place][5 : 10 if days else 16].replace("T", " ") for place in places]
    )
    axes.set_xlim(-0.6, max(len(starts), 2) - 0.4)
    axes.set_xlabel("From, UTC")
