"""Rows of a frame become records that a scoring request could carry."""

import json
from datetime import UTC, date, datetime

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.fields import Field
from crispml_core.tables.frames import to_frame
from crispml_core.tables.json_rows import to_records
from crispml_core.tables.records import from_records
from crispml_core.tables.schema import arrow_schema

FIELDS = (
    Field("key", "string"),
    Field("whole", "integer", nullable=True),
    Field("number", "number", nullable=True),
    Field("truth", "boolean", nullable=True),
    Field("kind", "category", values=("a", "b"), nullable=True),
    Field("day", "date", nullable=True),
    Field("moment", "datetime", nullable=True),
)
WHOLE = {
    "key": "k",
    "whole": 3,
    "number": 0.1,
    "truth": False,
    "kind": "a",
    "day": date(2024, 1, 31),
    "moment": datetime(2024, 1, 31, 12, 0, 0, 5, tzinfo=UTC),
}
EMPTY = dict.fromkeys(WHOLE) | {"key": "k"}


def frame_of(*rows):
    return to_frame(pa.Table.from_pylist(list(rows), schema=arrow_schema(FIELDS)), FIELDS)


def test_every_type_is_written_as_plain_json():
    full, gone = to_records(frame_of(WHOLE, EMPTY), FIELDS)
    assert full == WHOLE | {"day": "2024-01-31", "moment": "2024-01-31T12:00:00.000005+00:00"}
    assert type(full["whole"]) is int
    assert type(full["truth"]) is bool
    assert gone == EMPTY
    json.dumps([full, gone], allow_nan=False)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "key": st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
                # A frame keeps a nullable integer as float64.
                "whole": st.none() | st.integers(-(2**53), 2**53),
                "number": st.none() | st.floats(allow_nan=False, allow_infinity=False),
                "truth": st.none() | st.booleans(),
                "kind": st.none() | st.sampled_from(["a", "b"]),
                "day": st.none() | st.dates(date(1700, 1, 1), date(2200, 1, 1)),
                "moment": st.none()
                | st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
            }
        ),
        min_size=1,
        max_size=5,
    )
)
def test_written_records_are_read_back_as_they_were(rows):
    frame = frame_of(*rows)
    batch, findings = from_records(to_records(frame, FIELDS), FIELDS)
    assert findings.problems == ()
    assert batch.to_pylist() == rows
