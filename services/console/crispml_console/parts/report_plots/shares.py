"""How the score is spread, which columns count, how groups differ, whether promises are kept."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from crispml_console.parts import kpis
from crispml_console.parts.report_plots.traces import (
    SERIES,
    Content,
    Figure,
    coloured,
    figure,
    guide,
    interval,
    line,
    part,
    sentence,
)

_COLUMNS = 15


def distribution(content: Content) -> Figure | None:
    """Return the histogram of the score by group, each group scaled to its own size."""
    found = content.get("distribution")
    if not found:
        return None
    edges = found["edges"]
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    traces = [
        {
            "type": "bar",
            "name": name,
            "x": middles,
            "y": [count / max(1, sum(counts)) for count in counts],
            "opacity": 0.65,
        }
        for name, counts in found["counts"].items()
    ]
    made = figure(coloured(traces), sentence(found["of"]), "Share of the group")
    made["layout"] |= {"barmode": "overlay", "bargap": 0.05}
    return made


def importance(reports: Mapping[str, Content]) -> Figure | None:
    """Return what the KPI loses when a column is shuffled, the most important first."""
    known = {name: found for name in reports if (found := part(reports[name], "importance"))}
    if not known:
        return None
    first = next(iter(known.values()))
    # The order is that of the first, so that the others can be held against it.
    shown = [found["column"] for found in first["columns"][:_COLUMNS]]
    traces = []
    for name, found in known.items():
        by_column = {column["column"]: column for column in found["columns"]}
        columns = [by_column.get(column, {"mean": None, "sd": None}) for column in shown]
        spread = {"type": "data", "array": [c["sd"] for c in columns], "thickness": 1}
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": name,
                "x": [c["mean"] for c in columns],
                "y": shown,
                "error_x": spread,
            }
        )
    made = figure(coloured(traces), f"How much worse {kpis.title(first['kpi'])} gets", "")
    made["layout"]["yaxis"] |= {"automargin": True, "autorange": "reversed"}
    return made


def groups(content: Content, segment: str, kpi: str) -> Figure | None:
    """Return a KPI of each group of a segment with its interval, and that of all as a line."""
    shown = [
        (group["group"], group["kpis"][kpi])
        for group in part(part(content, "segments"), segment).get("groups", ())
        if not group["suppressed"] and part(group["kpis"], kpi).get("value") is not None
    ]
    if not shown:
        return None
    names = [name for name, _ in shown]
    trace = {
        "type": "scatter",
        "mode": "markers",
        "name": kpis.title(kpi),
        "x": [found["value"] for _, found in shown],
        "y": names,
        "error_x": interval([found for _, found in shown], "value"),
        "marker": {"size": 9},
        "role": SERIES[0],
    }
    overall = part(part(content, "kpis"), kpi).get("value")
    guides = [] if overall is None else [guide([overall] * len(names), names, "all records")]
    made = figure([*guides, trace], kpis.title(kpi), "")
    made["layout"]["yaxis"] |= {
        "automargin": True,
        "type": "category",
        # From the first at the top, with room around the outer ones.
        "range": [len(names) - 0.4, -0.6],
    }
    return made


def coverage(content: Content) -> Figure | None:
    """Return how often the promised label sets or intervals hold the truth."""
    levels = part(content, "conformal").get("levels")
    if not levels:
        return None
    promised = [found["level"] for found in levels]
    observed = line("observed", promised, [found["coverage"] for found in levels])
    observed |= {"mode": "lines+markers", "role": SERIES[0]}
    ends = [min(promised), 1]
    return figure(
        [guide(ends, ends, "as promised"), observed], "Promised level", "Share that holds the truth"
    )
