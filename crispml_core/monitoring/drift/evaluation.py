"""One evaluation: all fields and statistics of a window, corrected together, and what alerts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crispml_core.domain.drift import OVERALL, STATISTICS, DriftCounts, DriftPolicy
from crispml_core.monitoring.drift.correction import adjusted
from crispml_core.monitoring.drift.fields import TEST_OF, FieldFacts, compare
from crispml_core.monitoring.drift.reference import Reference

Key = tuple[int, str, str]
"""Which of several windows, which field, which test."""


def evaluate(
    reference: Reference,
    counts: DriftCounts,
    policy: DriftPolicy,
    *,
    segment: str = "",
    labels: DriftCounts | None = None,
) -> dict[str, Any]:
    """Return what one window says: fields with their statistics, alerts, and the worst of each.

    Parameters
    ----------
    counts : DriftCounts
        The scores of the window.
    segment : str
        Key of the counts of the reference to compare with.
    labels : DriftCounts, optional
        The truth that became known in the window.

    Returns
    -------
    dict
        ``fields``, ``alerts`` and ``worst``, see ``docs/drift.md``.
    """
    facts = _facts(reference, counts, labels, segment)
    (found,) = _evaluated([facts], policy)
    for field, fact in zip(found["fields"], facts, strict=True):
        field["distribution"] = fact.distribution
    return found


def effects(
    reference: Reference, counts: DriftCounts, policy: DriftPolicy
) -> dict[tuple[str, str], float]:
    """Return the effect by field and statistic, of the fields that are watched; tests nothing."""
    facts = _facts(reference, counts, None, OVERALL)
    return {
        (fact.watched.name, name): tested.effect
        for fact in facts
        if _is_tested(fact, policy)
        for name, tested in fact.statistics.items()
    }


def evaluate_windows(
    reference: Reference,
    windows: Sequence[tuple[DriftCounts, DriftCounts | None]],
    policy: DriftPolicy,
    *,
    segment: str = "",
) -> list[dict[str, Any]]:
    """Return what each of several windows says; their tests are corrected together."""
    facts = [_facts(reference, counts, labels, segment) for counts, labels in windows]
    return _evaluated(facts, policy)


def _evaluated(facts: list[list[FieldFacts]], policy: DriftPolicy) -> list[dict[str, Any]]:
    p_values = {
        (window, fact.watched.name, TEST_OF.get(name, name)): tested.p_value
        for window, found in enumerate(facts)
        for fact in found
        if _is_tested(fact, policy)
        for name, tested in fact.statistics.items()
        if tested.p_value is not None
    }
    corrected: dict[Key, float] = dict(
        zip(p_values, adjusted(list(p_values.values()), policy.correction), strict=True)
    )
    return [_said(window, found, policy, corrected) for window, found in enumerate(facts)]


def _facts(
    reference: Reference, counts: DriftCounts, labels: DriftCounts | None, segment: str
) -> list[FieldFacts]:
    trained = reference.counts[segment]
    facts = [
        compare(watched, reference.part(trained, position), reference.part(counts, position))
        for position, watched in enumerate(reference.fields)
    ]
    if labels is not None and reference.label is not None and reference.label_counts is not None:
        alone = Reference(fields=(reference.label,), counts={})
        before, now = alone.part(reference.label_counts, 0), alone.part(labels, 0)
        facts.append(compare(reference.label, before, now))
    return facts


def _is_tested(fact: FieldFacts, policy: DriftPolicy) -> bool:
    enough = min(fact.rows, fact.reference_rows) >= policy.min_rows
    return enough and policy.watches(fact.watched.name)


def _said(
    window: int, facts: list[FieldFacts], policy: DriftPolicy, corrected: dict[Key, float]
) -> dict[str, Any]:
    fields = [_field(window, fact, policy, corrected) for fact in facts]
    alerts = [
        {
            "field": field["field"],
            "role": field["role"],
            "statistic": name,
            **{key: value for key, value in found.items() if key != "alert"},
            "moved": field["moved"],
        }
        for field in fields
        for name, found in field["statistics"].items()
        if found["alert"]
    ]
    alerts.sort(key=lambda alert: (alert["adjusted_p"], -abs(alert["value"])))
    return {"fields": fields, "alerts": alerts, "worst": _worst(fields)}


def _field(
    window: int, fact: FieldFacts, policy: DriftPolicy, corrected: dict[Key, float]
) -> dict[str, Any]:
    name, is_tested = fact.watched.name, _is_tested(fact, policy)
    statistics: dict[str, Any] = {}
    for statistic in STATISTICS:
        tested = fact.statistics.get(statistic)
        if tested is None:
            continue
        threshold = policy.threshold(name, statistic)
        p_value = corrected.get((window, name, TEST_OF.get(statistic, statistic)))
        statistics[statistic] = {
            "value": tested.effect,
            "threshold": threshold,
            "p_value": tested.p_value if is_tested else None,
            "adjusted_p": p_value,
            "alert": p_value is not None
            and p_value < policy.level
            and abs(tested.effect) >= threshold,
        }
    if fact.ks_error is not None:
        statistics["kolmogorov_smirnov"]["error_bound"] = fact.ks_error
    return {
        "field": name,
        "role": fact.watched.role,
        "kind": fact.watched.bins.kind,
        "rows": fact.rows,
        "reference_rows": fact.reference_rows,
        "tested": is_tested,
        "alert": any(found["alert"] for found in statistics.values()),
        "statistics": statistics,
        "rates": fact.rates,
        "moved": fact.moved,
    }


def _worst(fields: list[dict[str, Any]]) -> dict[str, Any]:
    """Return by statistic the field with the largest effect."""
    worst: dict[str, Any] = {}
    for field in fields:
        for name, found in field["statistics"].items():
            if field["rows"] and abs(found["value"]) >= abs(worst.get(name, {}).get("value", 0)):
                worst[name] = {"field": field["field"], **found}
    return worst
