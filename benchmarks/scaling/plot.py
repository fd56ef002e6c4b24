"""The curves of a scaling test: throughput, latency, errors and replicas over time, and workers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from benchmarks.scaling.series import Series

_ANSWERED, _DUE, _SLOWEST, _FAILED = "#1b6ca8", "#7f7f7f", "#d98a29", "#b3261e"
_TITLES = {
    "saturated": "as much as there is",
    "constant": "a constant rate, open loop",
}


def draw(result: Mapping[str, Any], series: Mapping[str, Series], file: Path) -> None:
    """Write the plot as SVG."""
    # The same figures give the same file: no date, and ids that do not change.
    with mpl.rc_context({"svg.hashsalt": "scaling", "font.size": 9}):
        figure = Figure(figsize=(12, 7.2), layout="constrained")
        grid = figure.add_gridspec(3, 3, width_ratios=(1.4, 2, 1))
        for column, (name, title) in enumerate(_TITLES.items()):
            axes = [figure.add_subplot(grid[row, column]) for row in range(3)]
            axes[0].set_title(title)
            _draw_curve(axes, series[name])
        _draw_workers([figure.add_subplot(grid[row, 2]) for row in range(2)], result["workers"])
        figure.savefig(file, format="svg", metadata={"Date": None})


def _draw_curve(axes: list[Axes], series: Series) -> None:
    throughput, latency, replicas = axes
    seconds = [row["second"] for row in series.rows]
    columns = {name: [row[name] for row in series.rows] for name in series.rows[0]}
    throughput.plot(seconds, columns["due"], color=_DUE, lw=1, label="due")
    throughput.plot(seconds, columns["answered"], color=_ANSWERED, label="answered")
    throughput.set_ylabel("requests per second")
    throughput.set_ylim(bottom=0)
    for name, colour in (("p50_ms", _ANSWERED), ("p99_ms", _SLOWEST)):
        values = [float("nan") if value is None else value for value in columns[name]]
        latency.plot(seconds, values, color=colour, label=name.removesuffix("_ms"))
    latency.set_yscale("log")
    latency.yaxis.set_major_formatter("{x:g}")
    latency.yaxis.set_minor_formatter(NullFormatter())
    latency.set_ylabel("ms since it was due")
    known = [float("nan") if value is None else value for value in columns["replicas"]]
    replicas.step(seconds, known, where="mid", color=_ANSWERED, label="replicas with requests")
    replicas.plot(seconds, columns["failed"], color=_FAILED, label="failed per second")
    replicas.set_ylim(bottom=-0.1)
    replicas.set_xlabel("seconds of the load")
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
        one.legend(frameon=False, loc="best")
        for moment, _ in series.marks:
            one.axvline(moment, color="#cccccc", lw=0.8, zorder=0)


def _draw_workers(axes: list[Axes], workers: list[Mapping[str, Any]]) -> None:
    counts = [one["workers"] for one in workers]
    rates, latency = axes
    rates.set_title("processes of one container")
    rates.plot(counts, [one["rate"] for one in workers], "o-", color=_ANSWERED)
    rates.set_ylabel("requests per second")
    rates.set_ylim(bottom=0)
    latency.plot(counts, [one["p50_ms"] for one in workers], "o-", color=_ANSWERED, label="p50")
    latency.plot(counts, [one["p99_ms"] for one in workers], "o-", color=_SLOWEST, label="p99")
    latency.set_ylabel("ms")
    latency.set_ylim(bottom=0)
    latency.legend(frameon=False)
    latency.set_xlabel("worker processes")
    for one in axes:
        one.set_xticks(counts)
        one.spines[["top", "right"]].set_visible(False)
