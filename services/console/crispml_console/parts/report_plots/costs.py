"""What decisions cost at each threshold."""

from __future__ import annotations

from collections.abc import Mapping

from crispml_console.parts.report_plots.traces import (
    Content,
    Figure,
    coloured,
    figure,
    guide,
    line,
)


def costs(reports: Mapping[str, Content]) -> Figure | None:
    """Return the mean cost of a decision by threshold; the thresholds in use are upright lines."""
    found = {name: curve for name in reports if (curve := cost_curve(reports[name])) is not None}
    if not found:
        return None
    traces = [line(name, *curve) | {"mode": "lines+markers"} for name, curve in found.items()]
    highest = max(max(means) for _, means in found.values())
    used = [reports[name].get("threshold") for name in found]
    guides = [guide([at, at], [0, highest], "threshold in use") for at in used if at is not None]
    made = figure([*guides, *coloured(traces)], "Threshold", "Mean cost of a decision")
    made["layout"]["yaxis"]["rangemode"] = "tozero"
    return made


def cost_curve(content: Content) -> tuple[list[float], list[float]] | None:
    """Return thresholds and the mean cost of a decision at each, for a binary target.

    The report has counts of both classes between edges of the probability, so the cost is exact at
    each edge. Costs are those that the use case declares, else every mistake costs 1.
    """
    distribution, confusion = content.get("distribution"), content.get("confusion")
    if content.get("task") != "binary" or not distribution or not confusion:
        return None
    counts = [distribution["counts"][name] for name in confusion["classes"]]
    table, rows = confusion["cost_table"], sum(map(sum, counts))
    if not rows:
        return None
    edges = list(distribution["edges"])
    means = [
        sum(
            table[truth][0] * sum(of_class[:index]) + table[truth][1] * sum(of_class[index:])
            for truth, of_class in enumerate(counts)
        )
        / rows
        for index in range(len(edges))
    ]
    return edges, means
