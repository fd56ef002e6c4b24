"""What the figures of a report show, as short lists of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from crispml_core.monitoring.intervals import mean_interval
from crispml_core.monitoring.ranking import rank

MAX_POINTS = 200
MAX_SCATTER = 2_000
_DIGITS = 6


def roc_curve(y: np.ndarray, p: np.ndarray) -> dict[str, list[float]] | None:
    """Return the ROC curve as ``fpr`` and ``tpr``; None when one of the classes is missing."""
    counts = _cumulated(y, p)
    if counts is None:
        return None
    tp, fp = counts
    fpr, tpr = np.append(0.0, fp / fp[-1]), np.append(0.0, tp / tp[-1])
    return dict(zip(("fpr", "tpr"), _thin(fpr, tpr), strict=True))


def pr_curve(y: np.ndarray, p: np.ndarray) -> dict[str, Any] | None:
    """Return the precision-recall curve and its ``baseline``; None when a class is missing."""
    counts = _cumulated(y, p)
    if counts is None:
        return None
    tp, fp = counts
    recall, precision = _thin(tp / tp[-1], tp / (tp + fp))
    return {"recall": recall, "precision": precision, "baseline": float((y == 1).mean())}


def histogram(
    groups: Mapping[str, np.ndarray],
    bins: int = 20,
    limits: tuple[float, float] | None = None,
) -> dict[str, Any]:
    """Return ``edges`` and, by group, ``counts`` of a histogram with common edges."""
    pooled = np.concatenate(list(groups.values()))
    if len(pooled) == 0:
        pooled = np.zeros(1)
    edges = np.histogram_bin_edges(pooled, bins, limits)
    return {
        "edges": rounded(edges),
        "counts": {name: np.histogram(part, edges)[0].tolist() for name, part in groups.items()},
    }


def scatter(prediction: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Return at most `MAX_SCATTER` pairs of prediction and truth, drawn with a fixed seed."""
    shown = _order(prediction, y)
    if len(y) > MAX_SCATTER:
        # Drawn from the ordered pairs, so that the order of the rows does not matter.
        drawn = np.random.default_rng(0).choice(len(y), MAX_SCATTER, replace=False)
        shown = shown[np.sort(drawn)]
    return {"predicted": rounded(prediction[shown]), "actual": rounded(y[shown]), "of": len(y)}


def error_by_decile(prediction: np.ndarray, y: np.ndarray) -> list[dict[str, Any]]:
    """Return the error of each tenth of the records, ordered by what was predicted.

    Each row has ``n``, the mean ``predicted`` and ``actual`` value, the ``bias`` (mean prediction
    minus truth) and the mean absolute error ``mae`` with its interval.
    """
    order = _order(prediction, y)
    rows: list[dict[str, Any]] = []
    for number, part in enumerate(np.array_split(order, 10), start=1):
        if len(part) == 0:
            continue
        errors = prediction[part] - y[part]
        rows.append(
            {
                "decile": number,
                "n": len(part),
                "predicted": float(prediction[part].mean()),
                "actual": float(y[part].mean()),
                "bias": float(errors.mean()),
                "mae": mean_interval(np.abs(errors), 0.0),
            }
        )
    return rows


def rounded(values: np.ndarray) -> list[float]:
    """Return the numbers with six significant digits, which is finer than any figure."""
    return [float(f"{value:.{_DIGITS}g}") for value in values.tolist()]


def _order(prediction: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the positions by prediction, then truth; to see that they are in order is quick."""
    steps, ties = np.diff(prediction), np.diff(y)
    if bool(((steps > 0) | ((steps == 0) & (ties >= 0))).all()):
        return np.arange(len(y))
    return np.lexsort((y, prediction))


def _cumulated(y: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Return true and false positives at each distinct threshold, from the highest down."""
    ranked = rank(y, p)
    if not ranked.has_both:
        return None
    return np.cumsum(ranked.positives[::-1]), np.cumsum(ranked.negatives[::-1])


def _thin(x: np.ndarray, y: np.ndarray) -> tuple[list[float], list[float]]:
    """Return at most `MAX_POINTS` points of a curve, spread evenly over its length."""
    if len(x) > MAX_POINTS:
        length = np.append(0.0, np.cumsum(np.hypot(np.diff(x), np.diff(y))))
        inner = np.searchsorted(length, np.linspace(0.0, length[-1], MAX_POINTS - 2))
        kept = np.unique(np.append(inner, (0, len(x) - 1)))
        x, y = x[kept], y[kept]
    return rounded(x), rounded(y)
