"""The HTML page of a drift report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from crispml_core.reporting import drift_plots
from crispml_core.reporting.pages import environment

TITLES = {
    "psi": "PSI",
    "jensen_shannon": "Jensen-Shannon distance",
    "kolmogorov_smirnov": "Kolmogorov-Smirnov distance",
    "chi_square": "Cramér's V (chi-square)",
    "missing_rate": "Missing rate",
    "unknown_rate": "Unknown rate",
    "mean_shift": "Shift of the mean",
}
MOVED_FIGURES = 6
TREND_LINES = 6


def render_drift(content: Mapping[str, Any]) -> str:
    """Return the page of a drift report.

    Parameters
    ----------
    content : mapping
        What `crispml_core.pipelines.drift.DriftPipelines.drift` returns.
    """
    fields = sorted(content["fields"], key=_psi, reverse=True)
    return (
        environment()
        .get_template("drift.html.j2")
        .render(
            report=content,
            fields=fields,
            titles=TITLES,
            figures=_figures(content, fields),
            moved=_moved(fields),
            level=f"{100 * content['policy']['level']:.0f} %",
        )
    )


def _psi(field: Mapping[str, Any]) -> float:
    found = field["statistics"].get("psi")
    return float(found["value"]) if found else 0.0


def _figures(content: Mapping[str, Any], fields: Sequence[Mapping[str, Any]]) -> dict[str, Markup]:
    shown = [field for field in fields if "psi" in field["statistics"]]
    if not shown:
        return {}
    first = shown[0]
    figures = {
        "psi": drift_plots.effects(
            [(field["field"], _psi(field), field["alert"]) for field in shown],
            content["policy"]["psi"],
            "psi",
            f"PSI by field. The largest is {first['field']} with {_psi(first):.3f}.",
        )
    }
    if sum(bool(part["psi"]) for part in content["trend"]) > 1:
        names = [field["field"] for field in shown[:TREND_LINES]]
        figures["trend"] = drift_plots.trend(
            content["trend"],
            names,
            content["policy"]["psi"],
            "trend",
            f"PSI by {content['trend_window']} of {', '.join(names)}; the table below has the "
            "windows that alerted.",
        )
    return figures


def _moved(fields: Sequence[Mapping[str, Any]]) -> dict[str, Markup]:
    """Return a figure of the values that moved, for the fields that alerted."""
    found = {}
    for number, field in enumerate(one for one in fields if one["alert"] and one["moved"]):
        if number == MOVED_FIGURES:
            break
        told = "; ".join(
            f"{cell['value']}: {cell['reference']:.1%} then, {cell['current']:.1%} now"
            for cell in field["moved"]
        )
        found[field["field"]] = drift_plots.moved(
            field["moved"], f"moved-{number}", f"Values of {field['field']} that moved. {told}."
        )
    return found
