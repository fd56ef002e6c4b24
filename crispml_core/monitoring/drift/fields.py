"""What the counts of one field say: rates, effects, p-values, and which cells moved."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import numpy as np

from crispml_core.monitoring.drift import statistics
from crispml_core.monitoring.drift.bins import SCALE, Bins
from crispml_core.monitoring.drift.reference import Watched
from crispml_core.monitoring.drift.statistics import Tested

MOVED = 5

# Statistics that share a test share its p-value, which is corrected for once.
TEST_OF = {
    "psi": "homogeneity",
    "jensen_shannon": "homogeneity",
    "chi_square": "homogeneity",
}


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """One field of a window against its reference, before any correction.

    Parameters
    ----------
    statistics : dict of str to Tested
        By name; only those that the field has.
    rates : dict
        ``missing`` and ``unknown`` with their shares in the reference and now.
    cells : tuple
        The names of all cells, and their counts in the reference and now.
    moved : list of dict
        The cells whose share changed most.
    ks_error : float or None
        Bound of what the bins hide from the Kolmogorov-Smirnov distance.
    """

    watched: Watched
    rows: int
    reference_rows: int
    statistics: dict[str, Tested]
    rates: dict[str, dict[str, float]]
    cells: tuple[tuple[str, ...], np.ndarray, np.ndarray]
    moved: list[dict[str, Any]] = field(default_factory=list)
    ks_error: float | None = None

    @property
    def distribution(self) -> list[dict[str, Any]]:
        """All cells in their order, with their shares in the reference and now."""
        names, before, now = self.cells
        shares = zip(*(statistics.shares(counts).tolist() for counts in (before, now)), strict=True)
        return [
            {"value": name, "reference": one, "current": two}
            for name, (one, two) in zip(names, shares, strict=True)
        ]


def compare(watched: Watched, reference: np.ndarray, current: np.ndarray) -> FieldFacts:
    """Compare the counts of a field; see `Bins` for the cells.

    Parameters
    ----------
    reference, current : ndarray of shape (bins.width,)
        The counts.
    """
    bins = watched.bins
    before, now = reference[: bins.cells], current[: bins.cells]
    totals = int(before.sum()), int(now.sum())
    missing = int(before[-1]), int(now[-1])
    rates = {"missing": _rate(missing, totals)}
    tested = {"missing_rate": statistics.rate_change(missing[0], totals[0], missing[1], totals[1])}
    cells = bins.names, before, now
    if bins.kind == "presence":
        return FieldFacts(watched, totals[1], totals[0], tested, rates, cells)
    present = totals[0] - missing[0], totals[1] - missing[1]
    unknown, tested["unknown_rate"] = _unknown(bins, before, now, present)
    rates["unknown"] = _rate(unknown, present)
    ks_error = None
    values_before, values_now, names = _values(bins, before, now)
    if all(present):
        homogeneity = cache(
            partial(
                statistics.homogeneity, values_before, values_now, ordered=bins.kind == "number"
            )
        )
        for name, effect in (
            ("psi", statistics.psi),
            ("jensen_shannon", statistics.jensen_shannon),
            ("chi_square", statistics.cramers_v),
        ):
            tested[name] = Tested(effect(values_before, values_now), homogeneity)
        if bins.kind == "number":
            # The outer cells are of their own here: both functions are known at those edges too.
            tested["kolmogorov_smirnov"] = statistics.kolmogorov_smirnov(before[:-1], now[:-1])
            ks_error = statistics.ks_error(before[:-1], now[:-1])
            if watched.role != "input":
                tested["mean_shift"] = statistics.mean_shift(
                    *(_moments(bins, counts) for counts in (reference, current))
                )
    return FieldFacts(
        watched,
        totals[1],
        totals[0],
        tested,
        rates,
        cells,
        _moved(values_before, values_now, names),
        ks_error,
    )


def _rate(hits: tuple[int, int], of: tuple[int, int]) -> dict[str, float]:
    before, now = (hit / total if total else 0.0 for hit, total in zip(hits, of, strict=True))
    return {"reference": before, "current": now}


def _unknown(
    bins: Bins, before: np.ndarray, now: np.ndarray, present: tuple[int, int]
) -> tuple[tuple[int, int], Tested]:
    """Return how many values the reference does not have, then and now, and the test."""
    if bins.kind == "number":
        outside = int(before[0] + before[-2]), int(now[0] + now[-2])
        return outside, statistics.out_of_range(outside[1], present[1], present[0])
    hits = int(now[-2])
    return (0, hits), statistics.unseen(hits, present[1], before[:-2])


def _values(
    bins: Bins, before: np.ndarray, now: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Return the cells of values: of numbers, the outer bins reach to infinity."""
    if bins.kind == "category":
        return before[:-1], now[:-1], bins.names[:-1]
    names = list(bins.names[1:-2])
    folded = []
    for counts in (before, now):
        inner = counts[1:-2].copy()
        inner[0] += counts[0]
        inner[-1] += counts[-2]
        folded.append(inner)
    if len(names) == 1:
        names = ["any"]
    else:
        names[0] = f"<= {bins.uppers[0]:g}"
        names[-1] = f"> {bins.uppers[-2]:g}"
    return folded[0], folded[1], tuple(names)


def _moments(bins: Bins, counts: np.ndarray) -> tuple[int, float, float]:
    n = int(counts[: bins.cells - 1].sum())
    if n < 2:
        return n, 0.0, 0.0
    total, squares = (float(value) / SCALE for value in counts[bins.cells :])
    mean = total / n
    return n, mean, max(0.0, (squares - n * mean * mean) / (n - 1))


def _moved(before: np.ndarray, now: np.ndarray, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the cells whose share changed most, the largest change first."""
    p, q = statistics.shares(before), statistics.shares(now)
    low, high = np.maximum(p, statistics.FLOOR), np.maximum(q, statistics.FLOOR)
    parts = (high - low) * np.log(high / low)
    order = np.argsort(-np.abs(q - p), kind="stable")[:MOVED]
    return [
        {
            "value": names[cell],
            "reference": float(p[cell]),
            "current": float(q[cell]),
            "psi": float(parts[cell]),
        }
        for cell in order
        if p[cell] != q[cell]
    ]
