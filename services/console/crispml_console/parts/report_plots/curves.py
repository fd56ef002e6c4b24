"""ROC, precision and recall, calibration."""

from __future__ import annotations

from collections.abc import Mapping

from crispml_console.parts.report_plots.traces import (
    Content,
    Figure,
    coloured,
    guide,
    interval,
    line,
    part,
    square,
)


def roc(reports: Mapping[str, Content]) -> Figure | None:
    """Return ROC curves over the diagonal of a guess."""
    traces = [line(name, curve["fpr"], curve["tpr"]) for name, curve in _curves(reports, "roc")]
    if not traces:
        return None
    return square([_guess(), *coloured(traces)], "False positive rate", "Recall")


def precision_recall(reports: Mapping[str, Content]) -> Figure | None:
    """Return precision-recall curves; a single one with the precision of a guess."""
    found = _curves(reports, "pr")
    if not found:
        return None
    traces = [line(name, curve["recall"], curve["precision"], "vh") for name, curve in found]
    base = found[0][1].get("baseline") if len(found) == 1 else None
    guides = [] if base is None else [guide([0, 1], [base, base], "a guess")]
    return square([*guides, *coloured(traces)], "Recall", "Precision")


def calibration(reports: Mapping[str, Content]) -> Figure | None:
    """Return promised against observed shares, with their intervals."""
    traces, of = [], ""
    for name, content in reports.items():
        found = part(content, "curves").get("calibration")
        if not found or not found["bins"]:
            continue
        bins, of = found["bins"], found["of"]
        promised, observed = [b["predicted"] for b in bins], [b["observed"] for b in bins]
        traces.append(
            line(name, promised, observed)
            | {
                "mode": "lines+markers",
                "error_y": interval(bins, "observed"),
                "text": [f"{b['count']:,} records" for b in bins],
            }
        )
    if not traces:
        return None
    return square([_guess(), *coloured(traces)], f"Mean {of}", "Observed share")


def _curves(reports: Mapping[str, Content], kind: str) -> list[tuple[str, Content]]:
    found = [
        (name, title, curve)
        for name, content in reports.items()
        for title, curve in part(part(content, "curves"), kind).items()
    ]
    has_classes = len({title for _, title, _ in found}) > 1
    if len(reports) == 1:
        return [(title, curve) for _, title, curve in found]
    return [(f"{name} · {title}" if has_classes else name, curve) for name, title, curve in found]


def _guess() -> Figure:
    return guide([0, 1], [0, 1], "a guess")
