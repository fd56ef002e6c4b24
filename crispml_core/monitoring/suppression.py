"""Which groups are too small to be shown, and which must hide with them.

A group of few records says little about the model and much about the people. Leaving out its row is
not enough: where the total is shown, a single missing group is the total minus the others. So
whatever is hidden hides at least two groups and, taken together, at least as many records as a
group needs to be shown: primary and complementary suppression of statistical disclosure control
(Hundepool et al. 2012, Statistical Disclosure Control, section 4.2).
"""

from __future__ import annotations

import numpy as np


def suppressed(counts: np.ndarray, min_group: int) -> np.ndarray:
    """Return which groups must not be shown.

    Parameters
    ----------
    counts : ndarray of shape (k,)
        Records of each group, in an order that does not depend on the data: of equally small groups
        the first one hides.
    min_group : int
        Fewest records of a group that may be shown.

    Returns
    -------
    ndarray of bool, shape (k,)
        Groups without records do not hide: nobody is in them.

    Examples
    --------
    >>> suppressed(np.array([100, 40, 3]), 30).tolist()
    [False, True, True]
    """
    hidden = (counts > 0) & (counts < min_group)
    if not hidden.any():
        return np.asarray(hidden)
    for group in np.argsort(counts, kind="stable"):
        if hidden.sum() >= 2 and counts[hidden].sum() >= min_group:
            break
        hidden[group] |= counts[group] > 0
    return np.asarray(hidden)
