"""Columns of data sets that are encrypted, cell by cell, with the keys of data subjects."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from crispml_core.domain.errors import NotReady, RegistryDamaged
from crispml_core.domain.fields import RecordSchema
from crispml_core.serving.stable_cells import StableKey, opened, sealed
from crispml_core.tables.schema import TYPE_KEY, arrow_field

SEALED_KEY = b"crispml_sealed"
"""In the metadata of an encrypted column: the Arrow type of its values."""

_MARKS = (SEALED_KEY, TYPE_KEY)
_TYPES = {
    str(kind): kind
    for kind in (
        *(pa.int64(), pa.float64(), pa.bool_(), pa.string(), pa.date32()),
        *(pa.timestamp("us", tz="UTC"), pa.list_(pa.float64())),
    )
}


def sealed_field(field: pa.Field, kind: pa.DataType) -> pa.Field:
    """Return the field of an encrypted column whose values are of a kind."""
    marks = {**(field.metadata or {}), TYPE_KEY: b"string", SEALED_KEY: str(kind).encode()}
    return pa.field(field.name, pa.string(), metadata=marks)


def is_sealed(field: pa.Field) -> bool:
    """Whether a column is encrypted."""
    return SEALED_KEY in (field.metadata or {})


def cells_of(
    use_case: str,
    column: str,
    values: Sequence[Any],
    ids: Sequence[str | None],
    keys: Sequence[StableKey],
) -> list[str | None]:
    """Encrypt values, one per row, each with the key of its data subject.

    Raises
    ------
    NotReady
        If a key cannot be had at the moment.
    """
    try:
        return sealed(use_case, column, values, ids, keys)
    except ValueError:
        raise NotReady(
            "the keys of data subjects cannot be asked for, so nothing can be encrypted: try again "
            "when the database answers"
        ) from None


def seal_columns(
    use_case: str,
    batch: pa.RecordBatch,
    wanted: Collection[str],
    ids: Sequence[str | None],
    keys: Sequence[StableKey],
) -> pa.RecordBatch:
    """Return rows with the `wanted` columns encrypted."""
    fields, arrays = [], []
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if field.name in wanted:
            cells = cells_of(use_case, field.name, column.to_pylist(), ids, keys)
            field, column = sealed_field(field, field.type), pa.array(cells, pa.string())
        fields.append(field)
        arrays.append(column)
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def open_columns(
    use_case: str,
    batch: pa.RecordBatch,
    schema: RecordSchema,
    ids: Sequence[str | None],
    keys: Sequence[StableKey],
) -> pa.RecordBatch:
    """Return rows with the values of encrypted columns; those in `schema` as it declares them.

    Raises
    ------
    RegistryDamaged
        If a value was altered.
    """
    fields, arrays = [], []
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if is_sealed(field):
            try:
                values = opened(use_case, field.name, column.to_pylist(), ids, keys)
            except ValueError as error:
                raise RegistryDamaged(f"column {field.name} of a data set: {error}") from None
            field = _clear_field(field, schema)
            column = pa.array(_typed(values, field.type), field.type)
        fields.append(field)
        arrays.append(column)
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _clear_field(field: pa.Field, schema: RecordSchema) -> pa.Field:
    if field.name in schema:
        return arrow_field(schema[field.name])
    kept = {name: value for name, value in field.metadata.items() if name not in _MARKS}
    return pa.field(field.name, _TYPES[field.metadata[SEALED_KEY].decode()], metadata=kept)


def _typed(values: list[Any], kind: pa.DataType) -> list[Any]:
    """Return values with texts as the dates and moments that they stand for."""
    if pa.types.is_date(kind):
        return [None if value is None else date.fromisoformat(value) for value in values]
    if pa.types.is_timestamp(kind):
        return [None if value is None else datetime.fromisoformat(value) for value in values]
    return values
