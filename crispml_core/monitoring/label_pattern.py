"""Whether labels come for all kinds of scores alike, and for which kinds they never come."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import chi2_contingency

from crispml_core.monitoring.intervals import wilson
from crispml_core.tables.groupings import Grouping

LEVEL = 0.05
_MANY = 20

SMALL_EFFECT = 0.05
"""Cramér's V up to which a dependence is too weak to move a KPI, however significant."""


def labels_at_random(score: np.ndarray, labelled: np.ndarray) -> dict[str, Any]:
    """Return how the chance of a label depends on the score.

    If it does not, the labelled scores are like the others and their KPIs can be trusted for all;
    it says nothing about what else than the score decides on a label.

    Parameters
    ----------
    score : ndarray of shape (n,)
        The probability of class 1, the largest of several, or the predicted number.
    labelled : ndarray of bool, shape (n,)
        Which scores have a label.

    Returns
    -------
    dict
        ``deciles`` by rising score with ``from``, ``to``, ``n``, ``labelled`` and their ``rate``
        with Wilson's interval; ``p_value`` of Pearson's chi-square test that all rates are equal;
        the ``effect``, Cramér's V (Cramér 1946); and ``depends``, true when the test is significant
        and the effect not small. None where there is nothing to compare.
    """
    member, edges = _by_quantile(score, 10)
    n = np.bincount(member, minlength=len(edges))
    hits = np.bincount(member[labelled], minlength=len(edges))
    p_value = effect = None
    if len(n) > 1 and 0 < hits.sum() < n.sum():
        statistic, p, *_ = chi2_contingency(np.stack((hits, n - hits)), correction=False)
        p_value, effect = float(p), math.sqrt(float(statistic) / len(score))
    return {
        "deciles": [
            {
                "from": low,
                "to": high,
                "n": int(count),
                "labelled": int(known),
                "rate": wilson(int(known), int(count)),
            }
            for (low, high), count, known in zip(edges, n, hits, strict=True)
        ],
        "p_value": p_value,
        "effect": effect,
        "depends": None
        if p_value is None or effect is None
        else p_value < LEVEL and effect > SMALL_EFFECT,
    }


def cells_without_labels(
    score: np.ndarray,
    decision: Grouping | None,
    segments: Mapping[str, Grouping],
    labelled: np.ndarray,
    *,
    min_group: int = 1,
) -> list[dict[str, Any]]:
    """Return the kinds of scores that never got a label, although others did.

    Looked at are the scores beyond the highest and the lowest one with a label, twentieths of the
    scores, each decision and each group. A kind counts when no label came and, if its rate were
    half of that of the most seldom labelled kind that has labels, chance would explain it with less
    than 5 % probability over all kinds looked at (Bonferroni).

    Parameters
    ----------
    score, labelled
        As in `labels_at_random`.
    decision : Grouping or None
        The decided classes.
    segments : mapping of str to Grouping
        By segment, the group of each score.
    min_group : int
        Kinds of fewer scores are only said to be fewer.

    Returns
    -------
    list of dict
        ``by`` (``score``, ``decision`` or the segment), ``cell`` and ``scores``.
    """
    known = score[labelled]
    if len(known) == 0 or len(known) == len(score):
        return []
    low, high = float(known.min()), float(known.max())
    member, edges = _by_quantile(score, 20)
    kinds: list[tuple[str, str, int, int]] = [
        ("score", f"above {high:.6g}", int((score > high).sum()), 0),
        ("score", f"below {low:.6g}", int((score < low).sum()), 0),
    ]
    total = np.bincount(member, minlength=len(edges))
    hits = np.bincount(member[labelled], minlength=len(edges))
    kinds += [
        ("score", f"{first:.6g} to {last:.6g}", int(total[code]), int(hits[code]))
        for code, (first, last) in enumerate(edges)
        # What lies beyond the labelled scores is said already.
        if last >= low and first <= high
    ]
    groupings = ({} if decision is None else {"decision": decision}) | dict(segments)
    for by, grouping in groupings.items():
        some = np.bincount(grouping.codes[labelled], minlength=len(grouping.names))
        kinds += [
            (by, name, int(n), int(hit))
            for name, n, hit in zip(grouping.names, grouping.counts, some, strict=True)
        ]
    least = min((hit / n for _, _, n, hit in kinds if hit and n >= _MANY), default=1.0)
    # Chance that n scores have no label at half that rate, (1 - rate / 2)^n.
    without, chance = math.log1p(-least / 2), math.log(LEVEL / len(kinds))
    return [
        {"by": by, "cell": cell, "scores": n if n >= min_group else f"<{min_group}"}
        for by, cell, n, hit in kinds
        if n > 0 and hit == 0 and n * without < chance
    ]


def _by_quantile(score: np.ndarray, bins: int) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Return the bin of each score, of about equal mass, and the ends of each bin."""
    if len(score) == 0:
        return np.empty(0, dtype=np.int64), []
    ordered = np.sort(score)
    inner = np.unique(ordered[np.arange(1, bins) * len(score) // bins])
    starts = np.unique(np.append(0, np.searchsorted(ordered, inner, side="left")))
    inner = ordered[starts[1:]]
    ends = np.append(starts[1:], len(score)) - 1
    edges = list(zip(ordered[starts].tolist(), ordered[ends].tolist(), strict=True))
    return np.searchsorted(inner, score, side="right"), edges
