"""What a model sees of records, as columns; see `crispml_core.domain.seen`."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from crispml_core.domain.seen import Change, RowView
from crispml_core.tables.schema import arrow_field


def seen_columns(view: RowView, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return what is seen of records; columns that are no fields of `view` are left out.

    Parameters
    ----------
    view : RowView
        From the schema of the batch to what is seen.
    batch : pyarrow.RecordBatch
        Records in the Arrow schema of the record schema; text may be dictionary-encoded.
    """
    fields, arrays = [], []
    for field in view.seen:
        column, change = batch.column(field.name), view.changes[field.name]
        declared = arrow_field(field)
        fields.append(declared.with_type(column.type) if change is None else declared)
        arrays.append(column if change is None else changed_column(change, column, declared.type))
    if not fields:
        return batch.select([])
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def changed_column(change: Change, column: Any, kind: pa.DataType) -> pa.Array:
    """Return a column with each different value changed once; what is missing stays missing."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    encoded = column.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    changed = [None if value is None else change(value) for value in values]
    return pa.array(changed, kind).take(encoded.indices)


def changed_codes(change: Change, column: pa.DictionaryArray, kind: pa.DataType) -> pa.Array:
    """Return a column of codes with its entries changed; with other codes where some became equal.

    What reads a dictionary may rely on different entries.
    """
    values = column.dictionary.to_pylist()
    changed = [None if value is None else change(value) for value in values]
    entries = pa.array(changed, kind)
    if len({*changed, None}) <= len(changed):
        return entries.take(column.indices).dictionary_encode()
    return pa.DictionaryArray.from_arrays(column.indices, entries)
