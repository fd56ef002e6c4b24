"""The Arrow types of a record schema."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from crispml_core.domain.datasets import SPLIT_COLUMN
from crispml_core.domain.fields import Field

# Arrow has one type for free text and for a category; the profile must tell them apart, because
# it may show the values of the second only.
TYPE_KEY = b"crispml_type"
# On a column whose privacy policy is another than keep, or that is made of one.
PRIVATE_KEY = b"crispml_private"

_TYPES = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "string": pa.string(),
    "category": pa.string(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", tz="UTC"),
}


def arrow_type(field: Field) -> pa.DataType:
    """Return the type of the field's column in a data set."""
    return _TYPES[field.type]


def arrow_field(field: Field) -> pa.Field:
    """Return the field as an Arrow field that remembers its type and privacy as metadata."""
    column = pa.field(field.name, arrow_type(field), metadata={TYPE_KEY: field.type.encode()})
    return column if field.is_clear else private_column(column)


def private_column(column: pa.Field) -> pa.Field:
    """Return the field of a column of which no value may be shown."""
    return column.with_metadata({**(column.metadata or {}), PRIVATE_KEY: b"true"})


def is_shown(column: pa.Field) -> bool:
    """Return whether values of a column may be shown in what is made of many records."""
    return PRIVATE_KEY not in (column.metadata or {})


def arrow_schema(fields: Iterable[Field]) -> pa.Schema:
    """Return the schema of a data set with these fields, in this order."""
    return pa.schema([arrow_field(field) for field in fields])


def empty_batch(schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch of this schema without rows."""
    return pa.RecordBatch.from_arrays([pa.nulls(0, kind) for kind in schema.types], schema=schema)


def split_field() -> pa.Field:
    """Return the Arrow field of the column that says ``train``, ``select`` or ``test``."""
    return pa.field(SPLIT_COLUMN, pa.string(), metadata={TYPE_KEY: b"category"})


def is_category(column: pa.Field) -> bool:
    """Whether a column of a data set was declared as a category."""
    return (column.metadata or {}).get(TYPE_KEY) == b"category"
