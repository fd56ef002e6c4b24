from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from crispml_core.domain.fields import Field
from crispml_core.domain.targets import Segment
from crispml_core.domain.use_case import Derive, UseCase
from crispml_core.tables.frames import to_frame
from crispml_core.tables.preparation import prepare
from crispml_core.tables.schema import arrow_schema
from crispml_core.tables.segments import segment_groups

FIELDS = (
    Field("key", "string"),
    Field("age", "number", nullable=True),
    Field("rooms", "integer", nullable=True),
    Field("owner", "boolean", nullable=True),
    Field("town", "category", values=("a", "b"), nullable=True),
)


def test_groups_are_those_of_the_plain_value(toy: UseCase) -> None:
    use_case = replace(
        toy,
        record_key="key",
        fields=FIELDS,
        prepare=(Derive("old", "age >= 60"), Derive("age2", "age * 2")),
        segments=(
            Segment("age", bins=(25, 60)),
            Segment("rooms"),
            Segment("owner"),
            Segment("town"),
            Segment("old"),
            Segment("twice", field="age2"),
        ),
    )
    rows = [
        {"key": "1", "age": 24.0, "rooms": 5, "owner": True, "town": "a"},
        {"key": "2", "age": 60.0, "rooms": None, "owner": None, "town": None},
        {"key": "3", "age": None, "rooms": 5, "owner": False, "town": "b"},
    ]
    batch = pa.RecordBatch.from_pylist(rows, schema=arrow_schema(FIELDS))
    prepared = prepare(use_case, to_frame(batch, FIELDS))
    found = {name: groups.tolist() for name, groups in segment_groups(use_case, prepared).items()}
    assert found == {
        "age": ["< 25", ">= 60", "missing"],
        "rooms": ["5", "missing", "5"],
        "owner": ["true", "missing", "false"],
        "town": ["a", "missing", "b"],
        "old": ["false", "true", "false"],
        "twice": ["48.0", "120.0", "missing"],
    }
