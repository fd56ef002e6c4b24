"""The figures of a target that is a number."""

from __future__ import annotations

from itertools import pairwise

from crispml_console.parts.report_plots.traces import (
    SERIES,
    Content,
    Figure,
    figure,
    guide,
    interval,
    line,
    sentence,
)


def residuals(content: Content) -> Figure | None:
    """Return the histogram of prediction minus truth."""
    found = content.get("residuals")
    if not found:
        return None
    edges = found["edges"]
    title, counts = next(iter(found["counts"].items()))
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    bars = {"type": "bar", "name": title, "x": middles, "y": counts, "role": SERIES[0]}
    made = figure([bars], sentence(title), "Records")
    made["layout"]["bargap"] = 0.05
    return made


def scatter(content: Content) -> Figure | None:
    """Return the truth against the prediction."""
    found = content.get("scatter")
    if not found or not found["predicted"]:
        return None
    values = [*found["predicted"], *found["actual"]]
    ends = [min(values), max(values)]
    dots = line("records", found["predicted"], found["actual"])
    dots |= {"mode": "markers", "marker": {"size": 4, "opacity": 0.5}, "role": SERIES[0]}
    return figure([guide(ends, ends, "exact"), dots], "Prediction", "Truth")


def deciles(content: Content) -> Figure | None:
    """Return the mean absolute error by tenth of the prediction, with intervals."""
    rows = content.get("deciles")
    if not rows:
        return None
    errors = [row["mae"] for row in rows]
    trace = line("error", [row["decile"] for row in rows], [error["value"] for error in errors])
    trace |= {"mode": "markers", "error_y": interval(errors, "value"), "role": SERIES[0]}
    made = figure([trace], "Tenth of the records, by prediction", "Mean absolute error")
    made["layout"]["yaxis"]["rangemode"] = "tozero"
    return made
