"""The report of a period: what drifted, which values moved, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from crispml_core.domain.drift import OVERALL, DriftCounts, DriftPolicy
from crispml_core.monitoring.drift.evaluation import evaluate, evaluate_windows
from crispml_core.monitoring.drift.reference import Reference

Counted = tuple[DriftCounts, DriftCounts | None]
Span = tuple[datetime, datetime]

NO_REFERENCE = (
    "this version has no reference: it was published before references were kept; "
    "train and publish a new version to measure drift"
)


def drift_report(
    reference: Reference | None,
    whole: Counted,
    windows: Sequence[tuple[Span, Counted]],
    policy: DriftPolicy,
    *,
    segment: str = OVERALL,
    min_group: int = 1,
) -> dict[str, Any]:
    """Return what the counts of a period say.

    Parameters
    ----------
    reference : Reference or None
        Of the version; None gives a report that says that there is none.
    whole : tuple of DriftCounts and (DriftCounts or None)
        The scores of the period, and the labels if they are compared.
    windows : sequence
        The spans of the trend with their counts. Their tests are corrected together, so that a long
        trend has no more false alarms than a short one.
    segment : str
        Key of the counts of the reference to compare with.
    min_group : int
        Of fewer records nothing is shown but their number.
    """
    if reference is None:
        return _empty(0, NO_REFERENCE) | {"reference": None, "segments": []}
    trained = reference.counts[segment]
    about = {
        "reference": {"rows": trained.rows, "fields": len(reference.fields)},
        "segments": [key for key in reference.counts if key != OVERALL],
    }
    rows = whole[0].rows
    if rows < min_group:
        reason = (
            f"fewer than {min_group} scores in this period" if rows else "no scores in this period"
        )
        return _empty(rows, reason) | about
    found = evaluate(reference, whole[0], policy, segment=segment, labels=whole[1])
    trend = _trend(reference, windows, policy, segment, min_group)
    reason = f"fewer than {policy.min_rows} scores in this period: nothing is tested"
    return {
        "rows": rows,
        "reason": reason if rows < policy.min_rows else None,
        **found,
        "trend": trend,
        "detected_at": next((entry["from"] for entry in trend if entry["alerts"]), None),
        **about,
    }


def _empty(rows: int, reason: str) -> dict[str, Any]:
    return {
        "rows": rows,
        "reason": reason,
        "fields": [],
        "alerts": [],
        "worst": {},
        "trend": [],
        "detected_at": None,
    }


def _trend(
    reference: Reference,
    windows: Sequence[tuple[Span, Counted]],
    policy: DriftPolicy,
    segment: str,
    min_group: int,
) -> list[dict[str, Any]]:
    shown = [position for position, (_, counted) in enumerate(windows) if counted[0].rows]
    found = evaluate_windows(
        reference, [windows[position][1] for position in shown], policy, segment=segment
    )
    said = dict(zip(shown, found, strict=True))
    trend = []
    for position, ((start, end), (counts, _)) in enumerate(windows):
        is_shown = position in said and counts.rows >= min_group
        trend.append(
            {
                "from": start.isoformat(),
                "to": end.isoformat(),
                "rows": counts.rows,
                "psi": _psi(said[position]) if is_shown else {},
                "alerts": _alerts(said[position]) if is_shown else [],
            }
        )
    return trend


def _psi(found: dict[str, Any]) -> dict[str, float]:
    return {
        field["field"]: field["statistics"]["psi"]["value"]
        for field in found["fields"]
        if "psi" in field["statistics"]
    }


def _alerts(found: dict[str, Any]) -> list[dict[str, Any]]:
    kept = ("field", "statistic", "value", "adjusted_p")
    return [{name: alert[name] for name in kept} for alert in found["alerts"]]
