"""What another version would have said: flips, differences and costs, on arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from crispml_core.domain.targets import CostMatrix
from crispml_core.monitoring.confusion import cost_table
from crispml_core.monitoring.suppression import suppressed


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ReplayedRows:
    """n records, as they were answered and as the replayed version answers them.

    Parameters
    ----------
    before, after : ndarray of shape (n,) or (n, n_classes)
        Probabilities of class 1, probabilities by class, or numbers.
    decided_before, decided_after : ndarray of shape (n,) or None
        Class codes; None for regression.
    y : ndarray of shape (n,)
        The truth as class codes or numbers; -1 or NaN where there is no label.
    segments : mapping of str to ndarray of shape (n,)
        Group of each record, as it was when it was answered.
    """

    before: np.ndarray
    after: np.ndarray
    decided_before: np.ndarray | None
    decided_after: np.ndarray | None
    y: np.ndarray
    segments: Mapping[str, np.ndarray]


def replay_summary(
    rows: ReplayedRows, *, classes: tuple[str, ...], costs: CostMatrix | None, min_group: int
) -> dict[str, Any]:
    """Return the differences of all records, and by segment.

    Parameters
    ----------
    classes : tuple of str
        By code; empty for regression.
    costs : CostMatrix or None
        For a binary target.
    min_group : int
        Groups of fewer records show no numbers, see `suppressed`.

    Returns
    -------
    dict
        ``overall`` and ``segments``: by segment and group the same numbers, or only ``rows`` where
        the group is too small. ``mean_delta`` and ``largest_delta`` are of the probability of class
        1, of the number, or for several classes of half the sum of the absolute differences.
        ``cost`` has the mean cost per record before and after: by the truth where it is known, and
        where it is not as expected by the mean of both probabilities.
    """
    every = np.ones(len(rows.before), bool)
    by_segment = {}
    for name, groups in rows.segments.items():
        names, codes = np.unique(groups.astype(str), return_inverse=True)
        counts = np.bincount(codes, minlength=len(names))
        hidden = suppressed(counts, min_group)
        by_segment[name] = {
            str(group): {"rows": None}
            if hidden[code]
            else _summary(rows, codes == code, classes, costs)
            for code, group in enumerate(names)
        }
    return {"overall": _summary(rows, every, classes, costs), "segments": by_segment}


def _summary(
    rows: ReplayedRows, which: np.ndarray, classes: tuple[str, ...], costs: CostMatrix | None
) -> dict[str, Any]:
    before, after = rows.before[which], rows.after[which]
    delta = after - before if before.ndim == 1 else 0.5 * np.abs(after - before).sum(axis=1)
    # Bits, not values: so that also a zero with another sign would show.
    same = before.view(np.int64) == after.view(np.int64)
    found: dict[str, Any] = {
        "rows": len(delta),
        "identical": int(np.count_nonzero(same if same.ndim == 1 else same.all(axis=1))),
        "mean_delta": _number(delta.mean()) if len(delta) else None,
        "mean_absolute_delta": _number(np.abs(delta).mean()) if len(delta) else None,
        "largest_delta": _number(np.abs(delta).max()) if len(delta) else None,
    }
    if rows.decided_before is not None and rows.decided_after is not None:
        one, other = rows.decided_before[which], rows.decided_after[which]
        pairs = np.bincount(one * len(classes) + other, minlength=len(classes) ** 2)
        found["flips"] = int(np.count_nonzero(one != other))
        found["flips_by_class"] = {
            f"{classes[code // len(classes)]} to {classes[code % len(classes)]}": int(count)
            for code, count in enumerate(pairs)
            if count and code // len(classes) != code % len(classes)
        }
    found |= _costs(rows, which, costs)
    return found


def _costs(
    rows: ReplayedRows, which: np.ndarray, costs: CostMatrix | None
) -> dict[str, dict[str, Any]]:
    y, before, after = rows.y[which], rows.before[which], rows.after[which]
    if rows.decided_before is None or rows.decided_after is None:
        known = np.isfinite(y)
        squares = [(each[known] - y[known]) ** 2 for each in (before, after)]
        return {"squared_error": _impact(squares[0], squares[1], int(known.sum()))}
    if costs is None:
        known = y >= 0
        mistakes = [
            (decided[which][known] != y[known]).astype(float)
            for decided in (rows.decided_before, rows.decided_after)
        ]
        return {"mistakes": _impact(mistakes[0], mistakes[1], int(known.sum()))}
    table, p = cost_table(costs), (before + after) / 2.0
    each_cost = []
    for decided in (rows.decided_before[which], rows.decided_after[which]):
        expected = (1.0 - p) * table[0, decided] + p * table[1, decided]
        each_cost.append(np.where(y >= 0, table[np.maximum(y, 0), decided], expected))
    return {"cost": _impact(each_cost[0], each_cost[1], int(np.count_nonzero(y >= 0)))}


def _impact(before: np.ndarray, after: np.ndarray, labelled: int) -> dict[str, Any]:
    if not len(before):
        return {"labelled": labelled, "before": None, "after": None, "change": None}
    return {
        "labelled": labelled,
        "before": _number(before.mean()),
        "after": _number(after.mean()),
        "change": _number((after - before).sum()),
    }


def _number(value: Any) -> float:
    return float(value)
