"""The groups of an attribute beside its reference group, before any verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crispml_core.domain.fairness import Fairness
from crispml_core.monitoring.group_outcomes import Outcomes, calibration_of
from crispml_core.monitoring.intervals import Interval
from crispml_core.monitoring.suppression import suppressed
from crispml_core.monitoring.two_groups import (
    Moments,
    difference,
    mean_difference,
    rates_p_value,
    ratio,
)
from crispml_core.tables.groupings import Grouping


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """How the groups of an attribute compare.

    Parameters
    ----------
    fair : Fairness
        What was declared.
    reference : str or None
        The group that the others are compared with; None when no group may be shown.
    groups : list of dict
        By name.
    suppressed : int
        How many groups are withheld.
    extremes : dict
        The largest differences between any two groups.
    reasons : tuple of str
        Why there can be no verdict.
    """

    fair: Fairness
    reference: str | None
    groups: list[dict[str, Any]]
    suppressed: int
    extremes: dict[str, float | None]
    reasons: tuple[str, ...] = ()


def compare_decisions(
    fair: Fairness,
    grouping: Grouping,
    selected: np.ndarray,
    favourable: np.ndarray,
    labelled: np.ndarray,
    p: np.ndarray | None,
    min_group: int,
) -> Attribute:
    """Return how decisions compare; parameters are those of `Outcomes.of`, over all groups."""
    shown, with_labels = _shown(grouping, labelled, min_group)
    rows = {code: grouping.rows(code) for code in shown}
    found = {
        code: Outcomes.of(
            selected[part], favourable[part], labelled[part], None if p is None else p[part]
        )
        for code, part in rows.items()
    }
    reference = _reference(fair, grouping, shown)
    groups = []
    for code in _listed(grouping):
        if code not in found:
            groups.append(_withheld(grouping, code, min_group))
            continue
        known, part = code in with_labels, rows[code][labelled[rows[code]]]
        group = _named(grouping, code, len(part) if known else None)
        group["rates"] = found[code].rates(known)
        group["calibration"] = (
            calibration_of(favourable[part], p[part]) if known and p is not None else None
        )
        if reference is not None and code != reference:
            labels = known and reference in with_labels
            group["compared"] = _compared(found[code], found[reference], labels)
        groups.append(group)
    return Attribute(
        fair=fair,
        reference=None if reference is None else grouping.names[reference],
        groups=groups,
        suppressed=len(groups) - len(found),
        extremes=_extremes([found[code] for code in shown], [found[c] for c in with_labels]),
        reasons=_reasons(fair, reference, shown),
    )


def compare_numbers(
    fair: Fairness,
    grouping: Grouping,
    prediction: np.ndarray,
    y: np.ndarray,
    labelled: np.ndarray,
    min_group: int,
) -> Attribute:
    """Return how the mean of prediction minus truth compares, by the spread of the truth."""
    _, shown = _shown(grouping, labelled, min_group)
    truth = np.sort(y[labelled])
    scale = float(truth.std()) if len(truth) else 0.0
    residual = np.where(labelled, prediction - np.where(labelled, y, 0.0), 0.0)
    found = {}
    for code in shown:
        rows = grouping.rows(code)
        found[code] = Moments.of(residual[rows[labelled[rows]]])
    reference = _reference(fair, grouping, shown)
    groups = []
    for code in _listed(grouping):
        if code not in found:
            groups.append(_withheld(grouping, code, min_group))
            continue
        group = _named(grouping, code, found[code].n)
        group["residual"] = found[code].interval
        if reference is not None and code != reference:
            part = mean_difference(found[code], found[reference], scale)
            group["compared"] = {"mean_residual": _tested(*part)}
        groups.append(group)
    return Attribute(
        fair=fair,
        reference=None if reference is None else grouping.names[reference],
        groups=groups,
        suppressed=len(groups) - len(found),
        extremes={},
        reasons=_reasons(fair, reference, shown),
    )


def _compared(one: Outcomes, other: Outcomes, labels: bool) -> dict[str, Any]:
    """Return by measure how a group differs from the reference."""
    chosen, of = one.selected, other.selected
    found = {"disparate_impact": _tested(ratio(chosen, of), rates_p_value(chosen, of))}
    if not labels:
        return found
    for name, a, b in (
        ("equal_opportunity", one.true_positive, other.true_positive),
        ("false_positive_rate", one.false_positive, other.false_positive),
        ("predictive_parity", one.precision, other.precision),
    ):
        found[name] = _tested(difference(a, b), rates_p_value(a, b))
    if one.surprise is not None and other.surprise is not None:
        found["calibration"] = _tested(*mean_difference(one.surprise, other.surprise))
    return found


def _tested(found: Interval, p_value: float | None) -> dict[str, Any]:
    known = found["value"] is not None
    return {**found, "p_value": p_value if known else None, "p_adjusted": None, "verdict": None}


def _extremes(all_groups: list[Outcomes], labelled: list[Outcomes]) -> dict[str, float | None]:
    """Return the demographic parity ratio and the equalised odds difference between groups."""
    rates = [group.selected.interval["value"] or 0.0 for group in all_groups]
    apart = []
    for name in ("true_positive", "false_positive"):
        known = [
            value
            for group in labelled
            if (value := getattr(group, name).interval["value"]) is not None
        ]
        if len(known) > 1:
            apart.append(max(known) - min(known))
    return {
        "selection_ratio": min(rates) / max(rates) if len(rates) > 1 and max(rates) > 0 else None,
        "equalised_odds": max(apart) if apart else None,
    }


def _shown(grouping: Grouping, labelled: np.ndarray, min_group: int) -> tuple[list[int], list[int]]:
    """Return the codes of the groups that may be shown, and of those whose truth may be shown."""
    counts = grouping.counts
    known = np.bincount(grouping.codes[labelled], minlength=len(counts))
    hidden = suppressed(counts, min_group)
    without = hidden | suppressed(known, min_group)
    return (
        np.flatnonzero(~hidden & (counts > 0)).tolist(),
        np.flatnonzero(~without & (known > 0)).tolist(),
    )


def _listed(grouping: Grouping) -> list[int]:
    """Return the codes of the groups that occur, by name."""
    occurring = np.flatnonzero(grouping.counts).tolist()
    return sorted(occurring, key=lambda code: grouping.names[code])


def _reference(fair: Fairness, grouping: Grouping, shown: list[int]) -> int | None:
    if fair.reference is not None:
        named = [code for code in shown if grouping.names[code] == fair.reference]
        return named[0] if named else None
    counts = grouping.counts
    return min(shown, key=lambda code: (-counts[code], grouping.names[code]), default=None)


def _reasons(fair: Fairness, reference: int | None, shown: list[int]) -> tuple[str, ...]:
    if reference is None:
        which = "every group" if fair.reference is None else f"the reference {fair.reference}"
        return (f"{which} has too few records",)
    if len(shown) < 2:
        return ("only one group has enough records",)
    return ()


def _named(grouping: Grouping, code: int, labelled: int | None) -> dict[str, Any]:
    return {
        "group": grouping.names[code],
        "n": int(grouping.counts[code]),
        "labelled": labelled,
        "suppressed": False,
    }


def _withheld(grouping: Grouping, code: int, min_group: int) -> dict[str, Any]:
    small = grouping.counts[code] < min_group
    n = f"<{min_group}" if small else "withheld"
    return {"group": grouping.names[code], "n": n, "labelled": None, "suppressed": True}
