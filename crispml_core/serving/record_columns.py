"""Many decoded records as columns; see `crispml_core.serving.record_decoder`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from msgspec import UNSET
from msgspec.structs import astuple

from crispml_core.domain.fields import RecordSchema
from crispml_core.tables.sure_batches import BatchMaker


class RecordColumns:
    """Turns structs, which msgspec decoded, into a batch.

    Parameters
    ----------
    schema : RecordSchema
        What a record is; the attributes of a struct have the order of its fields.
    """

    def __init__(self, schema: RecordSchema) -> None:
        self._nullable = [number for number, field in enumerate(schema) if field.nullable]
        self._batch = BatchMaker(schema)

    def __call__(self, records: Sequence[Any]) -> tuple[pa.RecordBatch | None, int]:
        """Return the batch, None in doubt, and how many keys the records had."""
        columns: list[Sequence[Any]] = list(zip(*map(astuple, records), strict=True))
        keys = len(records) * len(columns)
        for number in self._nullable:
            absent = columns[number].count(UNSET)
            if absent:
                keys -= absent
                columns[number] = [None if value is UNSET else value for value in columns[number]]
        return self._batch(columns), keys
