"""The KPIs of a binary model over masses, see `crispml_core.monitoring.masses`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crispml_core.domain.targets import CostMatrix
from crispml_core.monitoring.binary import log_losses
from crispml_core.monitoring.confusion import EQUAL_COSTS, cost_table
from crispml_core.monitoring.masses import (
    EVERY,
    Positions,
    Sloped,
    kish,
    mean_slopes,
    share_slopes,
)
from crispml_core.monitoring.ranking import run_ends


def binary_slopes(
    masses: np.ndarray,
    p: np.ndarray | None,
    decision: np.ndarray | None,
    costs: CostMatrix | None = None,
    at: Positions = EVERY,
) -> Iterator[tuple[str, Sloped]]:
    """Yield the KPIs that are defined.

    Parameters
    ----------
    masses : ndarray of shape (2, n)
        Mass of each record in class 0 and class 1.
    p : ndarray of shape (n,) or None
        The probability of class 1 that was stored, rising.
    decision : ndarray of shape (n,) or None
        The decision that was stored, 0 or 1.
    costs : CostMatrix, optional
        Without it a mistake costs 1.
    at : ndarray of int or slice
        The records whose slopes are wanted.
    """
    if masses.sum() <= 0:
        return
    if p is not None:
        yield from _of_probability(masses, p, at)
    if decision is not None:
        yield from _of_decision(masses, decision, cost_table(costs or EQUAL_COSTS), at)


def auc_slopes(masses: np.ndarray, p: np.ndarray, at: Positions = EVERY) -> Sloped | None:
    """Return the AUC over masses; None when a class has no mass.

    With a_i and b_i the mass of record i in class 1 and 0, it is the share of pairs of different
    records that are ranked right, the sum over i != j of a_i b_j ([p_i > p_j] + [p_i = p_j] / 2)
    over the sum over i != j of a_i b_j. For masses 0 and 1 this is the Mann-Whitney statistic.

    Parameters
    ----------
    masses : ndarray of shape (2, n)
        Mass of each record outside and inside the class.
    p : ndarray of shape (n,)
        The score, rising.
    at : ndarray of int or slice
        The records whose slopes are wanted.
    """
    b, a = masses
    ends = run_ends(p)
    lengths = np.diff(ends, prepend=-1)
    runs_a, runs_b = _by_run(a, ends), _by_run(b, ends)
    # Mass at lower scores and half of that at the same score; of the other class at higher ones.
    below, upto = np.cumsum(runs_b) - runs_b / 2, np.cumsum(runs_a) - runs_a / 2
    total_a, total_b, itself = float(a.sum()), float(b.sum()), float((a * b).sum())
    pairs = total_a * total_b - itself
    if not pairs > 1e-9 * (total_a + total_b):
        return None
    value = (float((runs_a * below).sum()) - itself / 2) / pairs
    run = np.repeat(np.arange(len(ends)), lengths)[at]
    b, a, trials = b[at], a[at], min(kish(a), kish(b))
    slopes = np.stack(
        (
            total_a - upto[run] - a / 2 - value * (total_a - a),
            below[run] - b / 2 - value * (total_b - b),
        )
    )
    return Sloped(min(1.0, max(0.0, value)), slopes / pairs, trials, "auc")


def average_precision_slopes(
    masses: np.ndarray, p: np.ndarray, at: Positions = EVERY
) -> Sloped | None:
    """Return the area under the precision-recall curve over masses; None when a class has none.

    As a step function over the distinct scores, like `ranking.average_precision`. A record of
    spread mass is wholly positive where it counts as positive, so a_i b_i over the decided mass is
    added to what the totals alone would give. Parameters are those of `auc_slopes`.
    """
    b, a = masses
    total = float(a.sum())
    if total <= 0 or b.sum() <= 0:
        return None
    ends = run_ends(p)
    lengths = np.diff(ends, prepend=-1)
    # By falling score: run r holds the records from one distinct score to the next.
    gains, itself = _by_run(a, ends)[::-1], _by_run(a * b, ends)[::-1]
    hits, decided = np.cumsum(gains), np.cumsum(_by_run(a + b, ends)[::-1])
    safe = np.where(decided > 0, decided, 1.0)
    precision = hits / safe
    value = float((gains * precision + itself / safe).sum()) / total
    lost = np.cumsum((gains * precision / safe)[::-1])
    won = np.cumsum((gains * (1 - precision) / safe)[::-1])
    run = np.repeat(np.arange(len(ends)), lengths)[at]
    slopes = np.stack((-lost[run], (precision[::-1] - value + won)[run])) / total
    return Sloped(min(1.0, value), slopes, kish(a))


def _of_probability(
    masses: np.ndarray, p: np.ndarray, at: Positions
) -> Iterator[tuple[str, Sloped]]:
    for name, found in (
        ("auc", auc_slopes(masses, p, at)),
        ("pr_auc", average_precision_slopes(masses, p, at)),
    ):
        if found is not None:
            yield name, found
    yield "brier", mean_slopes(masses, np.stack((p**2, (1 - p) ** 2)), at, 0.0, 1.0)
    yield "log_loss", mean_slopes(masses, log_losses(np.stack((1 - p, p))), at, 0.0)


def _of_decision(
    masses: np.ndarray, decision: np.ndarray, table: np.ndarray, at: Positions
) -> Iterator[tuple[str, Sloped]]:
    chosen = decision.astype(np.int64)
    d = chosen.astype(float)
    yield "accuracy", share_slopes(masses, np.stack((1 - d, d)), at)
    false, hits = (float((d * part).sum()) for part in masses)
    positive, decided = float(masses[1].sum()), false + hits
    some = d[at]
    none = np.zeros(len(some))
    if decided > 0:
        value = hits / decided
        slopes = np.stack((-some * value, some * (1 - value))) / decided
        yield "precision", Sloped(value, slopes, kish(d * masses.sum(axis=0)))
    if positive > 0:
        value = hits / positive
        yield "recall", Sloped(value, np.stack((none, some - value)) / positive, kish(masses[1]))
    if decided + positive > 0:
        value = 2 * hits / (decided + positive)
        slopes = np.stack((-some * value, 2 * some - (1 + some) * value)) / (decided + positive)
        yield "f1", Sloped(value, slopes, kish(d * masses[0] + masses[1]))
    cost = table[:, chosen]
    yield "expected_cost", mean_slopes(masses, cost, at, float(table.min()), float(table.max()))


def _by_run(mass: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the mass of each run of equal scores."""
    if len(ends) == len(mass):
        return mass
    return np.asarray(np.add.reduceat(mass, np.concatenate(([0], ends[:-1] + 1))))
