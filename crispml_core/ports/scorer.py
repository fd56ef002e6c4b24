"""A loaded model version that answers records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from crispml_core.domain.compiled import Plan
from crispml_core.domain.models import ModelVersion

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


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


# Not frozen: one is made per request, and a frozen one costs most of a microsecond more.
@dataclass(slots=True)
class Answers:
    """What a model says about n records, as plain Python lists of length n.

    Parameters
    ----------
    predictions : list of str or list of float
        The decided classes, or the numbers.
    probabilities : list of float or None
        Binary: of the second class; multiclass: of the decided class; None for regression.
    by_class : list of tuple of float, or None
        Multiclass only: the probability of every class.
    segments : list of str
        By record, the group in each segment of the use case, as a JSON object.
    """

    predictions: list[Any]
    probabilities: list[float | None]
    segments: list[str]
    by_class: list[tuple[float, ...]] | None = None


class Scorer(Protocol):
    """A model version in memory."""

    @property
    def is_fast(self) -> bool:
        """Whether one record costs microseconds, so that an event loop may wait for it."""
        ...

    @property
    def plan(self) -> Plan | None:
        """The compiled model; None when scikit-learn answers."""
        ...

    @property
    def size_bytes(self) -> int:
        """About how much memory the version takes."""
        ...

    def answer_rows(self, rows: Sequence[tuple[Any, ...]]) -> Answers:
        """Answer records that keep the record schema: plain values in the order of its fields."""
        ...

    def answer_columns(self, batch: pa.RecordBatch) -> Answers:
        """Answer a batch of the Arrow schema of the record schema that keeps its rules."""
        ...

    @property
    def manifest(self) -> ModelVersion:
        """The version that answers."""
        ...
