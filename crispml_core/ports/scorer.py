"""A loaded model version that answers records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from crispml_core.domain.models import ModelVersion

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model says about n records.

    Parameters
    ----------
    decision : ndarray of shape (n,)
        The decided class as text (object), or the number (float64).
    probabilities : ndarray of shape (n, n_classes) or None
        By class, in the order of the manifest's `classes`; None for regression.
    segments : dict of str to ndarray of shape (n,)
        By segment of the use case, the group of each record as text (object).
    """

    decision: np.ndarray
    probabilities: np.ndarray | None
    segments: dict[str, np.ndarray]


class Scorer(Protocol):
    """A model version in memory."""

    @property
    def manifest(self) -> ModelVersion:
        """The version that answers."""
        ...

    def predict(self, records: pd.DataFrame) -> Predictions:
        """Prepare, curate and answer records that keep the record schema."""
        ...
