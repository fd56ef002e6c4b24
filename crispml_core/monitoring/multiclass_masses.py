"""The KPIs of a model with several classes over masses, see `crispml_core.monitoring.masses`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crispml_core.monitoring.binary import log_losses
from crispml_core.monitoring.binary_masses import auc_slopes
from crispml_core.monitoring.masses import (
    EVERY,
    Positions,
    Sloped,
    kish,
    mean_slopes,
    share_slopes,
)
from crispml_core.monitoring.ordering import by_content


def multiclass_slopes(
    masses: np.ndarray,
    P: np.ndarray | None,
    decision: np.ndarray | None,
    at: Positions = EVERY,
) -> Iterator[tuple[str, Sloped]]:
    """Yield the KPIs that are defined, by the names in `names.MULTICLASS`.

    Parameters
    ----------
    masses : ndarray of shape (k, n)
        Mass of each record in each class.
    P : ndarray of shape (k, n) or None
        The probabilities that were stored.
    decision : ndarray of shape (n,) or None
        The decided class codes that were stored.
    at : ndarray of int or slice
        The records whose slopes are wanted.
    """
    if masses.sum() <= 0:
        return
    if decision is not None:
        decided = decision.astype(np.int64) == np.arange(len(masses))[:, None]
        yield "accuracy", share_slopes(masses, decided.astype(float), at)
        yield "macro_f1", _macro_f1(masses, decided, at)
    if P is not None:
        yield "log_loss", mean_slopes(masses, log_losses(P), at, 0.0)
        if (found := _macro_auc(masses, P, at)) is not None:
            yield "auc", found


def _macro_f1(masses: np.ndarray, decided: np.ndarray, at: Positions) -> Sloped:
    """Return the mean F1 over the classes that have mass or decisions."""
    of_record = masses.sum(axis=0)
    total = masses.sum(axis=1) + (decided * of_record).sum(axis=1)
    hits = (decided * masses).sum(axis=1)
    known = np.flatnonzero(total > 0)
    f1 = np.divide(2 * hits, total, out=np.zeros(len(total)), where=total > 0)
    some = decided[:, at]
    slopes = np.zeros(some.shape)
    for code in known:
        # Mass in class c counts in its total; so does all mass that is decided to be c.
        slopes -= some[code] * f1[code] / total[code]
        slopes[code] += (2 * some[code] - f1[code]) / total[code]
    value = min(1.0, float(f1[known].sum()) / len(known))
    return Sloped(value, slopes / len(known), kish(of_record))


def _macro_auc(masses: np.ndarray, P: np.ndarray, at: Positions) -> Sloped | None:
    """Return the mean AUC of each class against the rest, over the classes that have mass."""
    of_record = masses.sum(axis=0)
    slopes = np.zeros(masses[:, at].shape)
    values, trials = [], []
    for code, (inside, p) in enumerate(zip(masses, P, strict=True)):
        order = by_content((p,))
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        against = np.stack((of_record - inside, inside))[:, order]
        found = auc_slopes(against, p[order], place[at])
        if found is not None:
            values.append(found.value)
            trials.append(found.trials)
            slopes += found.slopes[0]
            slopes[code] += found.slopes[1] - found.slopes[0]
    if not values:
        return None
    return Sloped(sum(values) / len(values), slopes / len(values), min(trials), "auc")
