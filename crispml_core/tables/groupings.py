"""Records by group: each record has a code, each code a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """Which group each of n records belongs to.

    Parameters
    ----------
    names : tuple of str
        The groups by code; one of them may have no record.
    codes : ndarray of shape (n,)
        The code of each record.
    """

    names: tuple[str, ...]
    codes: np.ndarray

    @classmethod
    def of(cls, members: np.ndarray) -> Self:
        """Group records by the text of each."""
        names, codes = np.unique(members.astype(str), return_inverse=True)
        return cls(tuple(str(name) for name in names), codes)

    @property
    def counts(self) -> np.ndarray:
        """Records by code."""
        return np.bincount(self.codes, minlength=len(self.names))

    def take(self, rows: np.ndarray) -> Grouping:
        """Return some of the records, in the same codes."""
        return Grouping(self.names, self.codes[rows])

    def rows(self, code: int) -> np.ndarray:
        """Return the positions of the records of a group."""
        return np.flatnonzero(self.codes == code)
