"""Linear models folded into look-ups: what a value adds to an output is known beforehand."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import add, getitem, itemgetter, mul, sub
from typing import TYPE_CHECKING, Any

from crispml_core.domain.compiled import CuratedColumn, Plan
from crispml_core.serving.compiled.curation import ByValue, Cell, cell_of, known_values
from crispml_core.serving.compiled.folding import Affine, fold

if TYPE_CHECKING:
    import numpy as np

    from crispml_core.serving.compiled.columns import PreparedColumns

Row = tuple[Any, ...]


class LinearModel:
    """All outputs of a linear plan.

    Parameters
    ----------
    plan : Plan
        The compiled model.
    positions : mapping of str to int
        Where a prepared record holds each field.
    may_be_missing : callable
        Whether a prepared field may be missing.
    """

    def __init__(
        self, plan: Plan, positions: Mapping[str, int], may_be_missing: Callable[[str], bool]
    ) -> None:
        assert plan.linear is not None
        self._outputs = [
            _Output(plan.columns, intercept, weights, positions, may_be_missing)
            for intercept, weights in zip(plan.linear.intercepts, plan.linear.weights, strict=True)
        ]

    @property
    def size_bytes(self) -> int:
        """Roughly how much memory the look-ups take."""
        return sum(output.size_bytes for output in self._outputs)

    def of_rows(self, rows: Sequence[Row]) -> list[Any]:
        """Return the output of each prepared record, a tuple where there are several."""
        if len(self._outputs) == 1:
            return [self._outputs[0].of_row(row) for row in rows]
        return [tuple([output.of_row(row) for output in self._outputs]) for row in rows]

    def of_columns(self, columns: PreparedColumns) -> list[Any] | np.ndarray:
        """Return the output of each record of a batch."""
        found = [output.of_columns(columns) for output in self._outputs]
        if len(found) == 1:
            return found[0]
        return list(zip(*(outputs.tolist() for outputs in found), strict=True))


class _Output:
    """One output: the intercept and what each field adds, in a fixed order.

    Rows and columns add in the same order and one by one, so that both agree to the last bit;
    ``sum`` would compensate its rounding on newer versions of Python.
    """

    def __init__(
        self,
        columns: Sequence[CuratedColumn],
        intercept: float,
        weights: Sequence[float],
        positions: Mapping[str, int],
        may_be_missing: Callable[[str], bool],
    ) -> None:
        self._start = intercept
        self._tables: list[tuple[str, ByValue[float]]] = []
        self._numbers: list[tuple[str, float, float]] = []
        self._others: list[tuple[str, Cell | _Nullable]] = []
        for source, own in _by_source(columns, weights).items():
            cell = _weighted(own)
            if own[0][0].is_text:
                known = known_values([column for column, _ in own], cell)
                self._tables.append((source, ByValue(known, cell)))
                continue
            folded = [fold(column, weight) for column, weight in own]
            parts = [one for one in folded if one is not None]
            if len(parts) < len(own):
                self._others.append((source, cell))
                continue
            self._start += math.fsum(part.constant for part in parts)
            pieces = [(part.shift, part.factor) for part in parts if part.factor]
            if may_be_missing(source):
                self._others.append((source, _Nullable(pieces, _when_missing(parts))))
            else:
                self._numbers += [(source, *piece) for piece in pieces]
        self._texts_of = _picker([positions[source] for source, _ in self._tables])
        self._numbers_of = _picker([positions[source] for source, _, _ in self._numbers])
        self._by_text = [table for _, table in self._tables]
        self._shifts = [shift for _, shift, _ in self._numbers]
        self._factors = [factor for _, _, factor in self._numbers]
        self._by_other = [(positions[source], cell) for source, cell in self._others]

    @property
    def size_bytes(self) -> int:
        return 1000 + 200 * sum(map(len, self._by_text))

    def of_row(self, row: Row) -> float:
        total = reduce(add, map(getitem, self._by_text, self._texts_of(row)), self._start)
        shifted = map(sub, self._numbers_of(row), self._shifts)
        total = reduce(add, map(mul, shifted, self._factors), total)
        for place, cell in self._by_other:
            total += cell(row[place])
        return total

    def of_columns(self, columns: PreparedColumns) -> np.ndarray:
        import numpy as np

        from crispml_core.serving.compiled.matrix import by_value

        total = np.full(columns.rows, self._start)
        for source, table in self._tables:
            found = columns.texts(source)
            total += by_value(found.values, found.codes, table.__getitem__)
        for source, shift, factor in self._numbers:
            total += (columns.numbers(source) - shift) * factor
        for source, cell in self._others:
            values = columns.numbers(source)
            if isinstance(cell, _Nullable):
                total += cell.of_columns(values)
            else:
                total += np.array([cell(value) for value in values.tolist()])
        return total


class _Nullable:
    """What a number adds that may be missing."""

    def __init__(self, pieces: Sequence[tuple[float, float]], missing: float) -> None:
        self._pieces, self._missing = pieces, missing

    def __call__(self, value: Any) -> float:
        if value is None:
            return self._missing
        total = 0.0
        for shift, factor in self._pieces:
            total += (value - shift) * factor
        return total

    def of_columns(self, values: np.ndarray) -> np.ndarray:
        import numpy as np

        total = np.zeros(len(values))
        for shift, factor in self._pieces:
            total += (values - shift) * factor
        return np.where(np.isnan(values), self._missing, total)


def _picker(places: Sequence[int]) -> Callable[[Row], tuple[Any, ...]]:
    """Return the function that picks places of a row as a tuple, however many there are."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: tuple([row[place] for place in places])


def _by_source(
    columns: Sequence[CuratedColumn], weights: Sequence[float]
) -> dict[str, list[tuple[CuratedColumn, float]]]:
    groups: dict[str, list[tuple[CuratedColumn, float]]] = {}
    for column, weight in zip(columns, weights, strict=True):
        groups.setdefault(column.source, []).append((column, weight))
    return groups


def _weighted(own: Sequence[tuple[CuratedColumn, float]]) -> Cell:
    parts = [(cell_of(column), weight) for column, weight in own]
    return lambda value: math.fsum(cell(value) * weight for cell, weight in parts)


def _when_missing(parts: Sequence[Affine]) -> float:
    """Return what a missing value adds beyond the constants, which are added in any case."""
    return math.fsum(part.missing - part.constant for part in parts)
