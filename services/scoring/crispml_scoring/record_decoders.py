"""What reads the records of a use case, built once."""

from __future__ import annotations

from functools import lru_cache

from crispml_core.domain.fields import RecordSchema
from crispml_core.domain.use_case import UseCase
from crispml_core.rest.dialects.columns import ColumnReader
from crispml_core.rest.dialects.v2_columns import TensorColumns
from crispml_core.serving.answering import COLUMN_ROWS
from crispml_core.serving.record_decoder import RecordDecoder


def decoder_of(use_case: UseCase) -> RecordDecoder:
    """Return the decoder of plain JSON records."""
    return _decoder(use_case.schema)


def column_reader_of(use_case: UseCase) -> ColumnReader:
    """Return the reader of records that come by column or under other types."""
    return _column_reader(use_case.schema, use_case.target.name)


def tensor_columns_of(use_case: UseCase) -> TensorColumns:
    """Return the fast reader of many records that come as one tensor per field."""
    return _tensor_columns(use_case.schema)


@lru_cache(maxsize=64)
def _decoder(schema: RecordSchema) -> RecordDecoder:
    return RecordDecoder(schema, COLUMN_ROWS)


@lru_cache(maxsize=64)
def _column_reader(schema: RecordSchema, target: str) -> ColumnReader:
    return ColumnReader(schema, target)


@lru_cache(maxsize=64)
def _tensor_columns(schema: RecordSchema) -> TensorColumns:
    return TensorColumns(schema, COLUMN_ROWS)
