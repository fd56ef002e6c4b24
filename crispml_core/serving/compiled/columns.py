"""The prepared fields of an Arrow batch as numpy columns, each made when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from crispml_core.domain.expressions import Expression, Kind
from crispml_core.domain.use_case import UseCase
from crispml_core.serving.compiled.preparation import iso_text
from crispml_core.tables.vectors import Column, compute, finite


@dataclass(frozen=True, slots=True)
class Coded:
    """A column with few different values.

    Parameters
    ----------
    values : list
        The values; None is a missing one. One may be there twice.
    codes : ndarray of shape (n_rows,), int
        Place of each row's value.
    """

    values: list[Any]
    codes: np.ndarray


class PreparedColumns:
    """The prepared fields of a batch that keeps the record schema.

    Parameters
    ----------
    use_case : UseCase
        Declares the fields and what is derived from them.
    batch : pyarrow.RecordBatch
        The records; text may be dictionary-encoded.
    """

    def __init__(self, use_case: UseCase, batch: pa.RecordBatch) -> None:
        self.rows = batch.num_rows
        self._use_case, self._batch = use_case, batch
        self._steps = {step.name: step.expression for step in use_case.derived}
        self._numbers: dict[str, np.ndarray] = {}
        self._texts: dict[str, Coded] = {}

    def numbers(self, name: str) -> np.ndarray:
        """Return a number or truth value as float64, missing as NaN."""
        if name not in self._numbers:
            self._numbers[name] = self._make_numbers(name)
        return self._numbers[name]

    def texts(self, name: str) -> Coded:
        """Return a text; a date or a moment as expressions see it."""
        if name not in self._texts:
            self._texts[name] = self._make_texts(name)
        return self._texts[name]

    def coded(self, name: str) -> Coded:
        """Return any field by its different values, each as a record would hold it."""
        kind = self._use_case.kinds[name]
        if kind is Kind.TEXT:
            return self.texts(name)
        distinct, codes = np.unique(self.numbers(name), return_inverse=True, equal_nan=True)
        schema = self._use_case.schema
        plain = int if name in schema and schema[name].type == "integer" else float
        if kind is Kind.TRUTH:
            plain = bool
        return Coded([None if x != x else plain(x) for x in distinct.tolist()], codes)

    def _make_numbers(self, name: str) -> np.ndarray:
        if name in self._steps:
            values, known = self._compute(self._steps[name])
            return np.where(known, values.astype(np.float64), np.nan)
        column = self._batch.column(name)
        if column.null_count:
            column = column.cast(pa.float64())
        numbers: np.ndarray = column.to_numpy(zero_copy_only=False)
        return numbers.astype(np.float64, copy=False)

    def _make_texts(self, name: str) -> Coded:
        if name in self._steps:
            return self._derived_text(self._steps[name])
        column = self._batch.column(name)
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        values = column.dictionary.to_pylist()
        if not (pa.types.is_string(column.type.value_type) or not values):
            values = [iso_text(v) if hasattr(v, "isoformat") else v for v in values]
        indices = column.indices
        if indices.null_count:
            indices = indices.cast(pa.int32()).fill_null(len(values))
        return Coded([*values, None], indices.to_numpy(zero_copy_only=False))

    def _derived_text(self, expression: Expression) -> Coded:
        read = list(dict.fromkeys(expression.fields()))
        if len(read) == 1 and self._use_case.kinds[read[0]] is Kind.TEXT:
            # Computed once for each different text instead of once for each row.
            source = self.texts(read[0])
            values, known = compute(
                expression, lambda name: _objects(source.values), len(source.values)
            )
            return Coded(_plain(values, known), source.codes)
        values, known = self._compute(expression)
        encoded = pa.array(_plain(values, known), pa.string()).dictionary_encode()
        codes = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False)
        return Coded([*encoded.dictionary.to_pylist(), None], codes)

    def _compute(self, expression: Expression) -> Column:
        return compute(expression, self._column, self.rows)

    def _column(self, name: str) -> Column:
        if self._use_case.kinds[name] is Kind.TEXT:
            text = self.texts(name)
            values, known = _objects(text.values)
            return values[text.codes], known[text.codes]
        values = self.numbers(name)
        known = ~np.isnan(values)
        if self._use_case.kinds[name] is Kind.TRUTH:
            return known & (values == 1), known
        return finite(values, known)


def _objects(values: list[Any]) -> Column:
    known = np.array([value is not None for value in values], dtype=bool)
    return np.array(["" if value is None else value for value in values], dtype=object), known


def _plain(values: np.ndarray, known: np.ndarray) -> list[Any]:
    return [
        value if is_known else None
        for value, is_known in zip(values.tolist(), known.tolist(), strict=True)
    ]
