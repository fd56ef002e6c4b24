from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from crispml_core.domain.fields import Field
from crispml_core.tables.frames import to_batch, to_frame
from crispml_core.tables.schema import arrow_schema

FIELDS = (
    Field("i", "integer"),
    Field("i_or_none", "integer", nullable=True),
    Field("n", "number", nullable=True),
    Field("s", "string", nullable=True),
    Field("b", "boolean"),
    Field("b_or_none", "boolean", nullable=True),
    Field("d", "date", nullable=True),
    Field("t", "datetime", nullable=True),
)
DTYPES = {
    "i": "int64",
    "i_or_none": "float64",
    "n": "float64",
    "s": "str",
    "b": "bool",
    "b_or_none": "float64",
    "d": "datetime64[us]",
    "t": "datetime64[us, UTC]",
}


def batch(*, missing: bool) -> pa.RecordBatch:
    gap = None if missing else 0
    rows = {"i": [1, 2], "b": [True, False]}
    for field in FIELDS:
        if field.nullable:
            rows[field.name] = ["x", None if missing else "y"] if field.name == "s" else [1, gap]
    arrays = [
        pa.array([None if v is None else bool(v) for v in rows[f.name]])
        if f.type == "boolean"
        else pa.array(rows[f.name], arrow_schema([f]).types[0])
        for f in FIELDS
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(FIELDS))


@pytest.mark.parametrize("missing", [True, False])
def test_dtypes_follow_from_the_schema_not_from_the_rows(missing: bool) -> None:
    frame = to_frame(batch(missing=missing), FIELDS)
    assert frame.dtypes.astype(str).to_dict() == DTYPES
    assert frame["i_or_none"].isna().sum() == int(missing)


@pytest.mark.parametrize("missing", [True, False])
def test_a_frame_goes_back_unchanged(missing: bool) -> None:
    original = batch(missing=missing)
    assert to_batch(to_frame(original, FIELDS), original.schema).equals(original)


def test_a_table_in_chunks_gives_one_frame() -> None:
    table = pa.Table.from_batches([batch(missing=True), batch(missing=False)])
    frame = to_frame(table, FIELDS)
    assert len(frame) == 4
    assert frame.index.equals(pd.RangeIndex(4))


def test_without_a_schema_types_follow_from_the_dtypes() -> None:
    frame = pd.DataFrame(
        {
            "n": np.array([1.0, np.nan], dtype="float32"),
            "i": np.array([1, 2], dtype="int8"),
            "o": np.array(["x", None], dtype=object),
            "c": pd.Categorical(["x", None]),
            "t": pd.to_datetime(["2024-01-01", None]),
        }
    )
    found = to_batch(frame)
    assert [str(kind) for kind in found.schema.types] == [
        "double",
        "int64",
        "string",
        "string",
        "timestamp[us, tz=UTC]",
    ]
    assert found.to_pylist()[1] == {"n": None, "i": 2, "o": None, "c": None, "t": None}


@pytest.mark.parametrize(
    "column",
    [
        np.array([1, "x"], dtype=object),
        np.array([1 + 2j]),
        pd.to_timedelta(["1s"]),
    ],
)
def test_a_column_that_no_data_set_can_hold_is_named(column: Any) -> None:
    with pytest.raises(ValueError, match="column odd"):
        to_batch(pd.DataFrame({"odd": column}))


def test_a_value_that_does_not_fit_is_named_by_its_column() -> None:
    with pytest.raises(ValueError, match="column a does not fit the type int64"):
        to_batch(pd.DataFrame({"a": [1.5]}), pa.schema([("a", pa.int64())]))
    with pytest.raises(ValueError, match="column b is missing"):
        to_batch(pd.DataFrame({"a": [1.5]}), pa.schema([("b", pa.int64())]))
