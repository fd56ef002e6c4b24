"""The head of a report: its verdict, its KPIs against the gates, and what a reader must know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from htmltools import Tag, TagChild, TagList, tags

from crispml_console.pages.truth.content import Estimate, Gate, Kpis, Report
from crispml_console.parts import kpis, words
from crispml_console.parts.layout import badge, figure
from crispml_console.parts.page import link
from crispml_console.parts.plots import plot
from crispml_console.parts.report_plots.traces import interval
from crispml_console.parts.tables import Column, facts, table
from crispml_core.client import VerificationReport

_VERDICTS = {
    "met": "good",
    "not met": "bad",
    "undecided": "warn",
    "fair": "good",
    "unfair": "bad",
}
_BASES = {
    "realised": "the labels that came",
    "weighted": "labels weighted by their chance",
    "bounds": "bounds, whatever the missing labels are",
    "nothing": "nothing: there is no label",
}
# KPIs that lie between 0 and 1, so that one axis is enough for them.
_SHARES = ("auc", "pr_auc", "accuracy", "precision", "recall", "f1", "macro_f1", "brier")


def verdict_badge(verdict: str | None) -> Tag:
    """Return the word of a verdict in its colour."""
    return badge(verdict or "no gates", _VERDICTS.get(verdict or "", ""))


def head(stored: VerificationReport, report: Report) -> TagList:
    """Return which report it is and what it decides."""
    window, verdict = report.window, report.verdict
    overall = verdict.overall if verdict is not None else None
    version = report.version
    shown: TagChild = "all"
    if version:
        shown = tags.a(version, href=link("models", use_case=stored.use_case, version=version))
    return TagList(
        tags.div(
            figure(
                "Gates",
                overall or "none",
                _BASES.get(verdict.basis or "") if verdict else None,
                state=_VERDICTS.get(overall or "", ""),
            ),
            figure("Scores", words.number(report.scored)),
            figure(
                "With a label", words.share(report.coverage), words.amount(report.labelled, "score")
            ),
            figure("Lag", words.duration(_median(report)), "half of the labels came within it"),
            class_="grid figures",
        ),
        tags.p(verdict.why) if verdict and verdict.why else None,
        _notes(report.notes),
        facts(
            ("Scores from", words.moment(window.start) if window.start else "the first"),
            ("to before", words.moment(window.end) if window.end else "the last"),
            ("Version", shown),
            ("As of", words.moment(window.as_of)),
            ("Made", words.moment(stored.created_at)),
            ("Report", words.short(stored.id, 36)),
            ("Digest of the content", words.short(stored.digest)),
        ),
    )


def _median(report: Report) -> float | None:
    return report.lag.median_s if report.lag is not None else None


def _notes(notes: list[str]) -> Tag | None:
    if not notes:
        return None
    return tags.div(
        tags.strong("What to know"), tags.ul(*(tags.li(note) for note in notes)), class_="notes"
    )


def measured(report: Report) -> TagChild:
    """Return the KPIs with their intervals, against the gates, as a plot and a table."""
    found = _kpis(report)
    if not any(
        estimate.value is not None or estimate.low is not None for estimate in found.values()
    ):
        return tags.p("There is no KPI: no label can be used yet.", class_="nothing")
    gates = {gate.kpi: gate for gate in report.gates}
    rows = [(name, found[name]) for name in found if found[name].low is not None]
    rows = rows or [(name, found[name]) for name in found]
    numbers = _table(rows, gates, report)
    shares = [(name, estimate) for name, estimate in rows if name in _SHARES]
    if not shares:
        return numbers
    return TagList(
        plot(
            "KPIs with their 95 % intervals; a bar stands where a gate is",
            _figure(shares, gates),
            height=80 + 30 * len(shares),
        ),
        numbers,
    )


def _kpis(report: Report) -> Kpis:
    if report.verdict is not None and report.verdict.kpis:
        return report.verdict.kpis
    return report.kpis or {}


def _table(rows: list[tuple[str, Estimate]], gates: Mapping[str, Gate], report: Report) -> Tag:
    before = report.training_kpis or {}
    Row = tuple[str, Estimate]

    def gate_of(row: Row) -> TagChild:
        gate = gates.get(row[0])
        if gate is None:
            return words.NONE
        return TagList(
            tags.span(gate.bound, title=gate.reason or None), " ", verdict_badge(gate.verdict)
        )

    columns = [
        Column[Row]("KPI", lambda r: tags.span(kpis.title(r[0]), title=kpis.meaning(r[0]))),
        Column[Row]("Value", lambda r: words.number(r[1].value), is_number=True),
        Column[Row]("95 % interval", lambda r: span(r[1]), is_number=True),
        Column[Row]("Gate", gate_of),
    ]
    if before:
        columns.append(
            Column[Row]("In training", lambda r: words.number(before.get(r[0])), is_number=True)
        )
    return table("KPIs and gates", columns, rows)


def span(estimate: Estimate) -> str:
    """Return an interval as text."""
    if estimate.low is None and estimate.high is None:
        return words.NONE
    return f"{words.number(estimate.low)} to {words.number(estimate.high)}"


def _figure(shares: list[tuple[str, Estimate]], gates: Mapping[str, Gate]) -> dict[str, Any]:
    parts = [{"value": e.value, "low": e.low, "high": e.high} for _, e in shares]
    names = [kpis.title(name) for name, _ in shares]
    bounds = [
        (kpis.title(name), bound)
        for name, _ in shares
        if (gate := gates.get(name)) is not None
        for bound in (gate.minimum, gate.maximum)
        if bound is not None
    ]
    data = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "KPI",
            "x": [part["value"] for part in parts],
            "y": names,
            "error_x": interval(parts, "value"),
            "marker": {"size": 9},
            "role": "accent",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "name": "gate",
            "x": [bound for _, bound in bounds],
            "y": [name for name, _ in bounds],
            "marker": {"symbol": "line-ns-open", "size": 18, "line": {"width": 3}},
            "role": "third",
        },
    ]
    layout = {
        "xaxis": {"range": [0, 1.02]},
        "yaxis": {
            "type": "category",
            "automargin": True,
            "autorange": "reversed",
            "categoryorder": "array",
            "categoryarray": names,
        },
        "showlegend": bool(bounds),
    }
    return {"data": data if bounds else data[:1], "layout": layout}
