"""Plain records become the frame that Arrow would give."""

from datetime import UTC, date, datetime

import pandas as pd
import pyarrow as pa
import pytest

from crispml_core import Field
from crispml_core.tables.frames import to_frame
from crispml_core.tables.row_frames import rows_to_frame
from crispml_core.tables.schema import arrow_schema

VALUES = {
    "integer": 3,
    "number": 1.5,
    "string": "text",
    "category": "a",
    "boolean": True,
    "date": date(2024, 1, 31),
    "datetime": datetime(2024, 1, 31, 12, 30, 0, 5, UTC),
}


@pytest.mark.parametrize("nullable", [False, True])
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("rows", [0, 1, 3])
def test_every_type_is_that_of_the_schema(nullable, missing, rows):
    fields = tuple(
        Field(kind, kind, values=("a",) if kind == "category" else (), nullable=nullable)
        for kind in VALUES
    )
    records = [tuple(VALUES.values())] * rows
    if missing and nullable and rows:
        records[0] = (None,) * len(VALUES)
    schema = arrow_schema(fields)
    arrays = [pa.array([r[n] for r in records], kind) for n, kind in enumerate(schema.types)]
    wanted = to_frame(pa.RecordBatch.from_arrays(arrays, schema=schema), fields)
    pd.testing.assert_frame_equal(rows_to_frame(records, fields), wanted)
