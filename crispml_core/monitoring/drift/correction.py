"""P-values of many tests, adjusted so that one level holds for all of them together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crispml_core.domain.drift import Correction


def adjusted(p_values: Sequence[float], correction: Correction) -> list[float]:
    """Return adjusted p-values, in order; one below the level is significant at that level.

    Holm bounds the chance of any false alarm whatever changed; Benjamini-Hochberg does so where
    nothing changed, and else bounds the expected share of false alarms among all, for tests that
    are independent or positively dependent.

    Sources: Holm, A simple sequentially rejective multiple test procedure, 1979; Benjamini and
    Hochberg, Controlling the false discovery rate, 1995.
    """
    count = len(p_values)
    if not count:
        return []
    order = np.argsort(p_values, kind="stable")
    ranked = np.asarray(p_values, dtype=float)[order]
    if correction == "holm":
        stepped = np.maximum.accumulate(ranked * np.arange(count, 0, -1))
    else:
        stepped = np.minimum.accumulate((ranked * count / np.arange(1, count + 1))[::-1])[::-1]
    found = np.empty(count)
    found[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in found]
