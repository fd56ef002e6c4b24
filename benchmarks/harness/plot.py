"""The plot of the README: single records per second, on a logarithmic scale."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

_OURS, _YARDSTICK, _PEER = "#1b6ca8", "#7f7f7f", "#c8c8c8"


def draw(figures: Mapping[str, Any], titles: Mapping[str, str], file: Path) -> None:
    """Write the bars of every server that was measured at 64 connections."""
    measured = figures.get("single", {}).get("logistic_regression", {})
    rates = {
        name: entry["64"]["requests_per_s"] for name, entry in measured.items() if "64" in entry
    }
    names = sorted(rates, key=lambda name: rates[name])
    colours = {"crispml": _OURS, "hello": _YARDSTICK}
    # The same figures give the same file: no date, and ids that do not change.
    with mpl.rc_context({"svg.hashsalt": "bench", "font.size": 10}):
        figure = Figure(figsize=(8, 0.42 * len(names) + 1.1), layout="constrained")
        axes = figure.add_subplot()
        bars = axes.barh(
            [titles[name] for name in names],
            [rates[name] for name in names],
            color=[colours.get(name, _PEER) for name in names],
        )
        axes.bar_label(bars, [f"{rates[name]:,.0f}" for name in names], padding=3)
        axes.set_xscale("log")
        axes.margins(x=0.12)
        axes.set_xlabel("requests per second, one record each, 64 connections, one core")
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(file, format="svg", metadata={"Date": None})
