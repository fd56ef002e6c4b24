"""Scales of one curated column; see `DeepCore`. A rank has two bytes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

HIGHEST = 65535
"""Above every bound."""

_CODES = 256
_OTHER, _MISSING = _CODES, _CODES + 1


class NumberScales:
    """Scales with thresholds: the rank of a number is how many of them are below it.

    Parameters
    ----------
    thresholds : sequence of ndarray, float64
        Rising; one array per scale.
    missing_left : sequence of bool
        Whether a missing value ranks lowest, else it ranks highest.
    """

    def __init__(self, thresholds: Sequence[np.ndarray], missing_left: Sequence[bool]) -> None:
        self._thresholds = thresholds
        self._lists = [part.tolist() for part in thresholds]
        self._missing = [0 if is_left else HIGHEST for is_left in missing_left]

    def of_number(self, number: float) -> list[int]:
        """Return the ranks of a number; NaN is a missing value."""
        if number != number:
            return self._missing
        return [bisect_left(thresholds, number) for thresholds in self._lists]

    def of_numbers(self, numbers: np.ndarray) -> np.ndarray:
        """Return the ranks of numbers, one number a row."""
        ranks = np.empty((len(numbers), len(self._thresholds)), dtype=np.uint16)
        for place, thresholds in enumerate(self._thresholds):
            ranks[:, place] = np.searchsorted(thresholds, numbers, side="left")
        ranks[np.isnan(numbers)] = self._missing
        return ranks


class SetScales:
    """Scales with sets of category codes: a code in the set ranks 0, any other number 1.

    Parameters
    ----------
    sets : ndarray of shape (n_scales, 256), bool
        The codes of each set.
    missing_left : sequence of bool
        Whether a missing value ranks lowest, else it ranks highest.
    """

    def __init__(self, sets: np.ndarray, missing_left: Sequence[bool]) -> None:
        self._table = np.ones((_CODES + 2, len(sets)), dtype=np.uint16)
        self._table[:_CODES] = ~sets.T
        self._table[_MISSING] = [0 if is_left else HIGHEST for is_left in missing_left]

    def of_number(self, number: float) -> list[int]:
        """Return the ranks of a number; NaN is a missing value."""
        row = int(number) if -1 < number < _CODES else _OTHER
        ranks: list[int] = self._table[_MISSING if number != number else row].tolist()
        return ranks

    def of_numbers(self, numbers: np.ndarray) -> np.ndarray:
        """Return the ranks of numbers, one number a row."""
        is_code = (numbers > -1) & (numbers < _CODES)
        rows = np.where(is_code, numbers, _OTHER)
        rows[np.isnan(numbers)] = _MISSING
        return np.asarray(self._table[rows.astype(np.intp)])
