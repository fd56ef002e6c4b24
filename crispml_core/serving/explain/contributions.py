"""What the curated columns of one record add to one output of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True, slots=True)
class Contributions:
    """An output, taken apart: `base` plus the sum of `columns` is `score`.

    Parameters
    ----------
    output : int
        Which output.
    base : float
        What the model answers on average over its training rows.
    score : float
        The output for this record.
    columns : ndarray of shape (n_columns,)
        What each curated column adds.
    """

    output: int
    base: float
    score: float
    columns: np.ndarray


class Reasons(Protocol):
    """Explains the outputs of one kind of model."""

    def explain(self, x: np.ndarray, output: int | None = None) -> Contributions:
        """Explain one output of a curated record; the largest one when it is left out."""
        ...
