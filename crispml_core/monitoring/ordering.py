"""Ordering records by their content."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def by_content(keys: Sequence[np.ndarray]) -> np.ndarray:
    """Return what `numpy.lexsort` returns, in a fraction of the time where the last key says most.

    The last key alone is sorted, as numbers; the other keys are asked only for the records that are
    equal in it. Equal records keep their order.

    Parameters
    ----------
    keys : sequence of ndarray of shape (n,)
        The last one is the first to sort by; it has no NaN.

    Returns
    -------
    ndarray of int, shape (n,)
        Positions in rising order.
    """
    first = keys[-1]
    order = np.argsort(first)
    ordered = first[order]
    same = ordered[1:] == ordered[:-1]
    places = np.flatnonzero(np.append(same, False) | np.append(False, same))
    if 2 * len(places) > len(order):
        return np.lexsort(keys)
    tied = np.sort(order[places])
    order[places] = tied[np.lexsort([key[tied] for key in keys])]
    return order
