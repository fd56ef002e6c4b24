"""A reader of records with every type of field."""

from __future__ import annotations

import pytest

from crispml_core.domain.fields import Field, RecordSchema
from crispml_core.rest.dialects.columns import ColumnReader


@pytest.fixture(scope="session")
def reader() -> ColumnReader:
    fields = (
        Field("key", "string", max_length=12),
        Field("amount", "number", minimum=0, maximum=1000),
        Field("items", "integer", minimum=1),
        Field("channel", "category", values=("shop", "web", "1")),
        Field("paid", "boolean", nullable=True),
        Field("since", "date", nullable=True),
        Field("seen", "datetime", nullable=True),
    )
    return ColumnReader(RecordSchema(fields, "key"), "returned")
