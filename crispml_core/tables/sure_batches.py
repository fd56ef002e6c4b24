"""A batch of the record schema from columns of plain values, or None in doubt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from crispml_core.domain.fields import RecordSchema
from crispml_core.tables.schema import arrow_field
from crispml_core.tables.sure_arrays import array_maker


class BatchMaker:
    """Makes batches of one record schema; see `crispml_core.tables.sure_arrays`.

    Parameters
    ----------
    schema : RecordSchema
        What a record is.
    """

    def __init__(self, schema: RecordSchema) -> None:
        self._fields = tuple(schema)
        self._makers = [
            array_maker(field, is_key=field.name == schema.record_key) for field in self._fields
        ]

    def __call__(self, columns: Iterable[Sequence[Any]]) -> pa.RecordBatch | None:
        """Return the batch of columns in the order of the fields; categories have codes."""
        arrays, fields = [], []
        for values, make, field in zip(columns, self._makers, self._fields, strict=True):
            array = make(values)
            if array is None:
                return None
            arrays.append(array)
            fields.append(arrow_field(field).with_type(array.type))
        return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))
