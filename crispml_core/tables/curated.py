"""The curated matrix, between the method that makes it and the one that learns from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class CuratedData:
    """The matrix of an algorithm.

    Parameters
    ----------
    names : tuple of str
        Names of the curated columns.
    X : ndarray of shape (n_rows, n_columns), float64
        The curated rows, in the order of the prepared ones.
    y : ndarray of shape (n_rows,)
        Class codes (int64) or numbers (float64).
    split : ndarray of shape (n_rows,), str
        ``train``, ``select`` or ``test`` of each row.
    """

    names: tuple[str, ...]
    X: np.ndarray
    y: np.ndarray
    split: np.ndarray

    def part(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Return `X` and `y` of one split."""
        chosen = self.split == split
        return self.X[chosen], self.y[chosen]
