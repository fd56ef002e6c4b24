"""Filter, sample and limit for sources that are files.

A filter must see a value in its declared type, and a file may hold it as text. So the fields that
the filter reads are conformed first, and the mask is then laid on the rows as the file has them. A
row with a broken value in such a field is kept: leaving it out would hide the problem, and
DataIngestion will name it. Row numbers count the rows that were selected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.adapters.sources.arrow_expressions import as_field, to_arrow
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.expressions import Kind
from crispml_core.domain.sources import Selection
from crispml_core.domain.use_case import UseCase, kind_of
from crispml_core.tables.casting import cast_column
from crispml_core.tables.split import is_sampled


class RowSelector:
    """Applies one selection to the batches of a file."""

    def __init__(self, use_case: UseCase, selection: Selection) -> None:
        self._fields = {field.name: field for field in use_case.fields}
        self._fields[use_case.target.name] = use_case.target.field
        self._key = use_case.schema[use_case.record_key]
        self._selection = selection
        check_filter(use_case, selection)

    def select(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the selected rows; a batch that lacks a needed column passes as it is.

        The first batch is always yielded, even without rows, so that its columns can be checked.
        """
        wanted, first = self._selection.limit, True
        for batch in batches:
            selected = self._sample(self._filter(batch))
            if wanted is not None:
                selected = selected.slice(0, wanted)
                wanted -= selected.num_rows
            if first or selected.num_rows:
                yield selected
            first = False
            if wanted == 0:
                return

    def _filter(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        where = self._selection.where
        if where is None:
            return batch
        needed = dict.fromkeys(where.fields())
        if not all(batch.schema.names.count(name) == 1 for name in needed):
            return batch
        columns, broken = {}, np.zeros(batch.num_rows, bool)
        for name in needed:
            cast = cast_column(batch.column(name), self._fields[name])
            columns[name] = as_field(cast.values, cast.values.type)
            for mask in (cast.unfit, cast.infinite):
                broken |= False if mask is None else mask
        mask = to_arrow(where, columns)
        if isinstance(mask, pa.Scalar):
            mask = pa.array([mask.as_py()] * batch.num_rows, pa.bool_())
        return batch.filter(pc.or_(pc.fill_null(mask, False), pa.array(broken)))

    def _sample(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        share, key = self._selection.sample, self._key
        if share == 1 or batch.schema.names.count(key.name) != 1:
            return batch
        keys = cast_column(batch.column(key.name), key).values
        filled = pc.fill_null(keys, pa.scalar("0").cast(keys.type))
        chosen = is_sampled(filled, self._selection.seed, share)
        missing = keys.is_null().to_numpy(zero_copy_only=False)
        return batch.filter(pa.array(chosen | missing))


def check_filter(use_case: UseCase, selection: Selection) -> None:
    """Raise `InvalidInput` if the filter is not a condition on fields of the source."""
    if selection.where is None:
        return
    kinds = {field.name: kind_of(field) for field in (*use_case.fields, use_case.target.field)}
    kind = selection.where.kind(kinds)
    if kind is not Kind.TRUTH:
        raise InvalidInput(f"where must be a condition, such as age >= 18; it gives a {kind}")
