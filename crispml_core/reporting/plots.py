"""The figures of a report, each as an SVG element.

A function takes a part of the content as ``monitoring`` made it, a name that is unique within the
page, and the sentence for readers who cannot see the figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes

from crispml_core.reporting import words
from crispml_core.reporting.drawing import (
    WIDTH,
    draw,
    error_bars,
    legend,
    name_rows,
    sentence,
    unit_square,
)
from crispml_core.reporting.svg import INK, MUTED, SERIES

MAX_COLUMNS = 15


def roc(curves: Mapping[str, Mapping[str, Any]], name: str, label: str) -> Markup:
    """Draw ROC curves, one per class, over the diagonal of a guess."""

    def paint(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
        for (title, curve), colour in zip(curves.items(), SERIES, strict=False):
            axes.plot(curve["fpr"], curve["tpr"], color=colour, label=title)
            if len(curves) == 1:
                axes.fill_between(curve["fpr"], curve["tpr"], color=colour, alpha=0.08, linewidth=0)
        unit_square(axes, "False positive rate", "True positive rate (recall)")
        legend(axes, len(curves), "lower right")

    return draw(paint, name, label)


def precision_recall(curves: Mapping[str, Mapping[str, Any]], name: str, label: str) -> Markup:
    """Draw precision-recall curves, one per class; a single one with its baseline."""

    def paint(axes: Axes) -> None:
        for (title, curve), colour in zip(curves.items(), SERIES, strict=False):
            if len(curves) == 1:
                axes.axhline(curve["baseline"], color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
            axes.step(curve["recall"], curve["precision"], color=colour, label=title, where="pre")
        unit_square(axes, "Recall", "Precision")
        legend(axes, len(curves), "best")

    return draw(paint, name, label)


def calibration(found: Mapping[str, Any], name: str, label: str) -> Markup:
    """Draw promised against observed shares with their intervals."""
    bins = found["bins"]

    def paint(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
        predicted = [part["predicted"] for part in bins]
        observed = [part["observed"] for part in bins]
        error_bars(axes, predicted, bins, "observed", vertical=True)
        axes.plot(predicted, observed, color=SERIES[0], linewidth=1, alpha=0.6)
        unit_square(axes, f"Mean {found['of']}", "Observed share")

    return draw(paint, name, label)


def distribution(found: Mapping[str, Any], name: str, label: str) -> Markup:
    """Draw the histogram of a score by group, each group scaled to its own size."""

    def paint(axes: Axes) -> None:
        for (title, counts), colour in zip(found["counts"].items(), SERIES, strict=False):
            share = np.asarray(counts) / max(1, sum(counts))
            axes.stairs(share, found["edges"], color=colour, alpha=0.22, fill=True)
            axes.stairs(share, found["edges"], color=colour, linewidth=1.6, label=title)
        axes.set_xlabel(sentence(found["of"]))
        axes.set_ylabel("Share of the group")
        axes.set_xlim(found["edges"][0], found["edges"][-1])
        axes.set_ylim(bottom=0)
        legend(axes, len(found["counts"]), "best")

    return draw(paint, name, label)


def importance(found: Mapping[str, Any], name: str, label: str) -> Markup:
    """Draw what the KPI loses per shuffled column, the most important first."""
    rows = list(reversed(found["columns"][:MAX_COLUMNS]))

    def paint(axes: Axes) -> None:
        at = range(len(rows))
        axes.barh(at, [row["mean"] for row in rows], height=0.62, color=SERIES[0], alpha=0.85)
        axes.errorbar(
            [row["mean"] for row in rows],
            at,
            xerr=[row["sd"] for row in rows],
            fmt="none",
            ecolor=INK,
            elinewidth=1,
        )
        axes.axvline(0, color=MUTED, linewidth=1)
        axes.set_xlabel(f"How much worse {words.title(found['kpi'])} gets")
        name_rows(axes, [row["column"] for row in rows])

    return draw(paint, name, label, rows=len(rows), width=1.15 * WIDTH)


def groups(
    rows: Sequence[tuple[str, Mapping[str, Any]]],
    overall: float | None,
    title: str,
    name: str,
    label: str,
) -> Markup:
    """Draw a KPI of several groups with its intervals, and the value over all as a line."""
    shown = list(reversed(rows))

    def paint(axes: Axes) -> None:
        if overall is not None:
            axes.axvline(overall, color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
        error_bars(axes, range(len(shown)), [kpi for _, kpi in shown], "value", vertical=False)
        axes.set_xlabel(title)
        name_rows(axes, [group for group, _ in shown])

    return draw(paint, name, label, rows=len(shown))


def residuals(found: Mapping[str, Any], name: str, label: str) -> Markup:
    """Draw the histogram of prediction minus truth."""

    def paint(axes: Axes) -> None:
        for title, counts in found["counts"].items():
            axes.stairs(counts, found["edges"], color=SERIES[0], alpha=0.3, fill=True)
            axes.stairs(counts, found["edges"], color=SERIES[0], linewidth=1.6)
            axes.set_xlabel(sentence(title))
        axes.axvline(0, color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
        axes.set_ylabel("Records")

    return draw(paint, name, label)


def scatter(found: Mapping[str, Any], name: str, label: str) -> Markup:
    """Draw the truth against the prediction."""

    def paint(axes: Axes) -> None:
        values = [*found["predicted"], *found["actual"]]
        ends = [min(values), max(values)]
        axes.plot(ends, ends, color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
        axes.plot(
            found["predicted"],
            found["actual"],
            "o",
            color=SERIES[0],
            alpha=0.35,
            markersize=3,
            markeredgewidth=0,
        )
        axes.set_xlabel("Prediction")
        axes.set_ylabel("Truth")

    return draw(paint, name, label)


def deciles(rows: Sequence[Mapping[str, Any]], name: str, label: str) -> Markup:
    """Draw the mean absolute error by tenth of the prediction, with intervals."""

    def paint(axes: Axes) -> None:
        at = [row["decile"] for row in rows]
        error_bars(axes, at, [row["mae"] for row in rows], "value", vertical=True)
        axes.set_xticks(at)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("Tenth of the records, by prediction")
        axes.set_ylabel("Mean absolute error")

    return draw(paint, name, label)
