"""Curated columns of a batch, in numpy; bit for bit what `curation` gives for each record."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from crispml_core.domain.compiled import CuratedColumn, Step
from crispml_core.serving.compiled.columns import PreparedColumns
from crispml_core.serving.compiled.curation import Cell, cell_of


def curated_column(column: CuratedColumn, columns: PreparedColumns) -> np.ndarray:
    """Return one curated column as float64; NaN is a missing value.

    Raises
    ------
    Refused
        If the curation refuses a value.
    """
    cell = cell_of(column)
    if column.is_text:
        found = columns.texts(column.source)
        return by_value(found.values, found.codes, cell)
    numbers = columns.numbers(column.source)
    if column.lookup is not None:
        distinct, codes = np.unique(numbers, return_inverse=True, equal_nan=True)
        return by_value(distinct.tolist(), codes, cell)
    for step in column.steps:
        numbers = _OPERATIONS[step.name](numbers, step)
    return numbers


def by_value(values: list[object], codes: np.ndarray, give: Cell) -> np.ndarray:
    """Return what `give` gives for the value of each row, asked once for each that occurs."""
    occurs = np.bincount(codes, minlength=len(values)).tolist()
    given = [give(value) if rows else 0.0 for value, rows in zip(values, occurs, strict=True)]
    found: np.ndarray = np.array(given, dtype=np.float64)[codes]
    return found


def _clip(x: np.ndarray, step: Step) -> np.ndarray:
    return np.where(x < step.a, step.a, np.where(x > step.b, step.b, x))


_OPERATIONS: dict[str, Callable[[np.ndarray, Step], np.ndarray]] = {
    "fill": lambda x, step: np.where(np.isnan(x), step.a, x),
    "standardise": lambda x, step: (x - step.a) / step.b,
    "stretch": lambda x, step: x * step.a + step.b,
    "clip": _clip,
    "indicate": lambda x, step: np.isnan(x).astype(np.float64),
}
