"""What a KPI can at most and at least be, whatever the missing labels are.

The identification bounds of Manski (1989, Anatomy of the Selection Problem; 2003, Partial
Identification of Probability Distributions): no assumption is made on why labels are missing, so
each unlabelled record may be of any class. The bounds are sharp: some labels reach them. They hold
the KPI of just these records and no sampling error. Completions that leave the KPI undefined do not
count.
"""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from crispml_core.domain.targets import CostMatrix, Task
from crispml_core.monitoring.binary import log_losses
from crispml_core.monitoring.confusion import EQUAL_COSTS, cost_table
from crispml_core.monitoring.masses import one_hot


class Bounds(TypedDict):
    """The smallest and the largest value of a KPI; None where it is undefined in any case."""

    low: float | None
    high: float | None


def worst_case(
    task: Task,
    prediction: np.ndarray | None,
    decision: np.ndarray | None,
    y: np.ndarray,
    labelled: np.ndarray,
    *,
    costs: CostMatrix | None = None,
    n_classes: int = 2,
    limits: tuple[float | None, float | None] = (None, None),
) -> dict[str, Bounds]:
    """Return the bounds of the KPIs over all labels that the unlabelled scores may get.

    Parameters
    ----------
    task, prediction, decision, y, labelled, costs
        As in `crispml_core.monitoring.estimation.estimate`; for a regression `prediction` and `y`
        are numbers.
    n_classes : int
        For a multiclass task.
    limits : (float, float)
        Range of the truth of a regression, see `Target`; without both there are no bounds.

    Returns
    -------
    dict of str to dict
        By KPI. Left out are those without sharp bounds that can be computed: PR-AUC, macro F1,
        macro AUC and R2.
    """
    if task == "regression":
        assert prediction is not None
        return _numbers(prediction, y, labelled, limits)
    k = 2 if task == "binary" else n_classes
    # May record i be of class c? A labelled one is of its own only.
    possible = one_hot(np.where(labelled, y, 0), k) > 0
    possible[:, ~labelled] = True
    found: dict[str, Bounds] = {}
    if decision is not None:
        decided = decision.astype(np.int64)
        found["accuracy"] = _mean(possible, decided == np.arange(k)[:, None])
        if k == 2:
            found |= _of_confusion(possible, decided)
            found["expected_cost"] = _mean(possible, cost_table(costs or EQUAL_COSTS)[:, decided])
    if prediction is None:
        return found
    if task == "multiclass":
        return found | {"log_loss": _mean(possible, log_losses(prediction.T))}
    p = prediction
    return found | {
        "auc": _auc(p, possible[1] & labelled, possible[0] & labelled),
        "brier": _mean(possible, np.stack((p**2, (1 - p) ** 2))),
        "log_loss": _mean(possible, log_losses(np.stack((1 - p, p)))),
    }


def _mean(possible: np.ndarray, values: np.ndarray) -> Bounds:
    """Return the bounds of a mean of what each record has as a member of its class."""
    n = possible.shape[1]
    if n == 0:
        return {"low": None, "high": None}
    least = np.where(possible, values, np.inf).min(axis=0)
    most = np.where(possible, values, -np.inf).max(axis=0)
    # Sorted, because the last bit of a sum depends on the order.
    return {"low": float(np.sort(least).sum()) / n, "high": float(np.sort(most).sum()) / n}


def _of_confusion(possible: np.ndarray, decided: np.ndarray) -> dict[str, Bounds]:
    """Return the bounds of precision, recall and F1.

    Let t of the u1 unlabelled records that were decided positive be so, and f of the u0 others. All
    three rise with t, and recall and F1 fall with f.
    """
    yes = decided == 1
    sure = possible[1] & ~possible[0]
    either = possible.all(axis=0)
    hits, misses = int((sure & yes).sum()), int((sure & ~yes).sum())
    u1, u0 = int((either & yes).sum()), int((either & ~yes).sum())
    n_decided = int(yes.sum())
    shares = {
        "precision": (hits, n_decided, hits + u1, n_decided),
        "recall": (hits, hits + misses + u0, hits + u1, hits + misses + u1),
        "f1": (
            2 * hits,
            hits + misses + u0 + n_decided,
            2 * (hits + u1),
            hits + misses + u1 + n_decided,
        ),
    }
    found: dict[str, Bounds] = {}
    for name, (low, of_low, high, of_high) in shares.items():
        least, most = (a / b if b else None for a, b in ((low, of_low), (high, of_high)))
        # Without any positive the KPI is undefined, so the extreme is one that has some.
        if least is None and most is not None:
            least = most
        if most is None and least is not None:
            most = least
        found[name] = {"low": least, "high": most}
    return found


def _auc(p: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> Bounds:
    """Return the bounds of the AUC, in O(n log n).

    For a given number of positives among the unlabelled records the AUC is greatest when they are
    those of the highest scores: exchanging a positive with a negative above it never loses a pair.
    So every number is tried; the smallest AUC is one minus the greatest of the negated scores.
    Pairs are counted in halves, which is exact.
    """
    high = _greatest_auc(p, positive, negative)
    low = _greatest_auc(-p, positive, negative)
    return {"low": None if low is None else 1 - low, "high": high}


def _greatest_auc(p: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> float | None:
    free = np.sort(p[~positive & ~negative])[::-1]
    above, below = np.sort(p[positive]), np.sort(p[negative])
    # By number of positives among the unlabelled, taken from the top: pairs that are ranked right.
    k = np.arange(len(free) + 1)
    m, n = len(above) + k, len(below) + len(free) - k
    beaten = _wins(free, below)
    beating = len(above) - _wins(free, above)
    same = free[:-1] == free[1:]
    pairs = (
        float(_wins(above, below).sum())
        + np.append(0.0, np.cumsum(beaten))
        + np.append(np.cumsum(beating[::-1])[::-1], 0.0)
        + k * (len(free) - k)
        - _tied_across(free, same) / 2
    )
    defined = (m > 0) & (n > 0)
    if not defined.any():
        return None
    return float((pairs[defined] / (m[defined] * n[defined])).max())


def _wins(scores: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return how many of the sorted others lie below each score; an equal one counts one half."""
    lower = np.searchsorted(others, scores, side="left")
    upper = np.searchsorted(others, scores, side="right")
    return np.asarray((lower + upper) / 2)


def _tied_across(falling: np.ndarray, same: np.ndarray) -> np.ndarray:
    """Return, for each cut of falling scores, how many equal pairs lie on both sides of it."""
    n = len(falling)
    found = np.zeros(n + 1)
    if n:
        starts = np.flatnonzero(np.append(True, ~same))
        lengths = np.diff(np.append(starts, n))
        start, length = np.repeat(starts, lengths), np.repeat(lengths, lengths)
        inside = np.arange(n) - start
        found[:-1] = inside * (length - inside)
    return found


def _numbers(
    prediction: np.ndarray,
    y: np.ndarray,
    labelled: np.ndarray,
    limits: tuple[float | None, float | None],
) -> dict[str, Bounds]:
    """Return the bounds of MAE and RMSE when the truth has a range."""
    low, high = limits
    if len(y) == 0 or ((low is None or high is None) and not labelled.all()):
        return {name: {"low": None, "high": None} for name in ("mae", "rmse")}
    error = np.abs(prediction - np.where(labelled, y, 0.0))
    least, most = error.copy(), error.copy()
    if low is not None and high is not None:
        free = prediction[~labelled]
        least[~labelled] = np.maximum(np.maximum(low - free, free - high), 0.0)
        most[~labelled] = np.maximum(np.abs(free - low), np.abs(free - high))
    least, most = np.sort(least), np.sort(most)
    return {
        "mae": {"low": float(least.mean()), "high": float(most.mean())},
        "rmse": {
            "low": float(np.sqrt((least**2).mean())),
            "high": float(np.sqrt((most**2).mean())),
        },
    }
