"""Curated values as trees see them."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

import numpy as np

from crispml_core.domain.compiled import CuratedColumn
from crispml_core.serving.compiled.curation import Cell, Refused, cell_of

if TYPE_CHECKING:
    from crispml_core.serving.compiled.columns import PreparedColumns

_SINGLE = struct.Struct("<f")


class TreeCell:
    """One curated column that trees look at.

    Parameters
    ----------
    column : CuratedColumn
        How its values come about.
    rounds : bool
        Whether the trees see float32.
    allows_missing : bool
        Whether the model answers a missing value.
    """

    def __init__(self, column: CuratedColumn, *, rounds: bool, allows_missing: bool) -> None:
        self.column, self.rounds, self.allows_missing = column, rounds, allows_missing
        self._cell: Cell = cell_of(column)

    def of_value(self, value: object) -> float:
        """Return what the trees see of a value of the field; NaN is a missing one.

        Raises
        ------
        Refused
            If the curation or the trees know no such value.
        """
        number = self._cell(value)
        if number != number and not self.allows_missing:
            raise missing_refused(self.column.source)
        if not self.rounds:
            return number
        try:
            single: float = _SINGLE.unpack(_SINGLE.pack(number))[0]
        except OverflowError:
            single = math.inf
        if math.isinf(single):
            raise _too_large()
        return single

    def of_columns(self, columns: PreparedColumns) -> np.ndarray:
        """Return what the trees see of each record of a batch, as float64."""
        from crispml_core.serving.compiled.matrix import curated_column

        numbers = curated_column(self.column, columns)
        if not self.allows_missing and np.isnan(numbers).any():
            raise missing_refused(self.column.source)
        if not self.rounds:
            return numbers
        with np.errstate(over="ignore"):
            singles = numbers.astype(np.float32)
        if np.isinf(singles).any():
            raise _too_large()
        return singles.astype(np.float64)


def missing_refused(source: str) -> Refused:
    """Return the error about a missing value that the model was not trained with."""
    return Refused(f"field {source} is missing, which the model does not know")


def _too_large() -> Refused:
    return Refused("a number is too large for the model")
