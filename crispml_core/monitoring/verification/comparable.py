"""The scores of a window, with and without truth, as the statistics of missing labels want them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from crispml_core.tables.groupings import Grouping
from crispml_core.tables.joined import Joined


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Comparable:
    """Scores that a truth could be held against, labelled or not, as arrays of n rows.

    Parameters
    ----------
    rows : ndarray of int, shape (n,)
        Their positions among all scores of the window.
    prediction : ndarray of shape (n,) or (n, k), or None
        Probabilities or numbers; None when the scores have no probabilities.
    decision : ndarray of shape (n,) or None
        Class codes; None for a regression.
    y : ndarray of shape (n,)
        The truth where `labelled`.
    labelled : ndarray of bool, shape (n,)
        Whose truth is known and can be compared.
    propensity : ndarray of shape (n,) or None
        Logged propensities, NaN where none was logged.
    segments : mapping of str to Grouping
        By segment, the group of each score.
    """

    rows: np.ndarray
    prediction: np.ndarray | None
    decision: np.ndarray | None
    y: np.ndarray
    labelled: np.ndarray
    propensity: np.ndarray | None
    segments: Mapping[str, Grouping]

    @classmethod
    def of(cls, scores: Joined) -> Comparable:
        """Leave out scores of classes that are none today, and those without their probability.

        If none has a probability, all count, without it.
        """
        numbers = scores.prediction
        finite = np.isfinite(numbers if numbers.ndim == 1 else numbers.sum(axis=1))
        with_numbers = scores.decision is None or bool(finite.any())
        kept = finite if with_numbers else np.ones(len(scores), bool)
        if scores.decision is not None:
            kept = kept & (scores.decision >= 0)
        every = cls(
            rows=np.arange(len(scores)),
            prediction=numbers if with_numbers else None,
            decision=scores.decision,
            y=scores.y,
            labelled=scores.usable,
            propensity=scores.propensity,
            segments=scores.segments,
        )
        return every.take(np.flatnonzero(kept))

    def take(self, some: np.ndarray) -> Comparable:
        """Return the scores at some positions."""
        return Comparable(
            rows=self.rows[some],
            prediction=None if self.prediction is None else self.prediction[some],
            decision=None if self.decision is None else self.decision[some],
            y=self.y[some],
            labelled=self.labelled[some],
            propensity=None if self.propensity is None else self.propensity[some],
            segments={name: members.take(some) for name, members in self.segments.items()},
        )

    def __len__(self) -> int:
        return len(self.rows)
