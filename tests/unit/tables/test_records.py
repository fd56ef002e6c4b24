from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any

import pytest

from crispml_core.domain.fields import Field, RecordSchema
from crispml_core.tables.records import from_records
from crispml_core.tables.schema import arrow_schema

SCHEMA = RecordSchema(
    (
        Field("key", "string", max_length=5),
        Field("count", "integer", minimum=0, nullable=True),
        Field("amount", "number", maximum=100, nullable=True),
        Field("colour", "category", values=("red", "blue"), nullable=True),
        Field("open", "boolean", nullable=True),
        Field("day", "date", nullable=True),
        Field("at", "datetime", nullable=True),
    ),
    record_key="key",
)


def rules(*records: Any, target: str | None = None) -> list[tuple[int | None, str | None, str]]:
    _, findings = from_records(list(records), SCHEMA, target=target)
    return [(p.row, p.field, p.rule) for p in findings.problems]


def test_good_records_become_a_batch_of_the_schema() -> None:
    record = {
        "key": "k1",
        "count": 3.0,
        "amount": 2,
        "colour": "red",
        "open": True,
        "day": "2024-01-31",
        "at": "2024-01-31T12:00:00+01:00",
    }
    batch, findings = from_records([record, {"key": "k2"}], SCHEMA)
    assert not findings
    assert batch.schema == arrow_schema(SCHEMA)
    assert batch.to_pylist() == [
        {
            "key": "k1",
            "count": 3,
            "amount": 2.0,
            "colour": "red",
            "open": True,
            "day": date(2024, 1, 31),
            "at": datetime(2024, 1, 31, 11, tzinfo=UTC),
        },
        dict.fromkeys(SCHEMA.names) | {"key": "k2"},
    ]


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("key", 1, "type"),
        ("key", "", "missing"),
        ("key", "   ", "missing"),
        ("key", None, "missing"),
        ("key", "too long", "max_length"),
        ("key", "\ud800", "type"),
        ("key", "a\0", "type"),
        ("count", True, "type"),
        ("count", "12", "type"),
        ("count", 1.5, "type"),
        ("count", 2**63, "type"),
        ("count", math.nan, "finite"),
        ("count", math.inf, "finite"),
        ("count", -1, "range"),
        ("amount", "12", "type"),
        ("amount", False, "type"),
        ("amount", math.nan, "finite"),
        ("amount", 10**400, "type"),
        ("amount", 100.5, "range"),
        ("colour", "green", "category"),
        ("colour", 1, "category"),
        ("colour", [], "category"),
        ("open", 1, "type"),
        ("open", "true", "type"),
        ("day", "31.01.2024", "type"),
        ("day", 20240131, "type"),
        ("at", "noon", "type"),
    ],
)
def test_json_types_are_strict(field: str, value: Any, rule: str) -> None:
    assert rules({"key": "k", field: value}) == [(0, field, rule)]


def test_a_missing_field_is_named_with_its_row() -> None:
    assert rules({"key": "k"}, {"count": 1}) == [(1, "key", "missing")]


@pytest.mark.parametrize("record", [None, 1, "text", [1]])
def test_a_record_must_be_an_object(record: Any) -> None:
    assert rules({"key": "k"}, record) == [(1, None, "type")]


def test_an_unknown_field_is_told_by_position_and_not_by_name() -> None:
    record = {"key": "k", "cuont": 1, "hunter2": 2}
    _, findings = from_records([record], SCHEMA)
    first, second = findings.problems
    assert (first.rule, first.field, first.row) == ("unknown_field", None, 0)
    assert "number 2" in first.message
    assert "did you mean 'count'" in first.message
    assert "hunter2" not in second.message


def test_the_target_in_a_record_has_a_rule_of_its_own() -> None:
    assert rules({"key": "k", "risk": "good"}, target="risk") == [(0, "risk", "target_in_request")]
    assert rules({"key": "k", "risk": "good"}) == [(0, None, "unknown_field")]


def test_a_refused_value_leaves_a_gap_and_the_row_stays() -> None:
    batch, findings = from_records([{"key": "k", "count": "x"}, 5], SCHEMA)
    assert batch.num_rows == 2
    assert batch.column("key").to_pylist() == ["k", None]
    assert findings.total == 2


def test_a_record_key_is_never_longer_than_the_stores_index() -> None:
    schema = RecordSchema((Field("key", "string"), Field("note", "string")), record_key="key")
    _, findings = from_records([{"key": "k" * 256, "note": "n" * 256}], schema)
    assert [(p.field, p.rule) for p in findings.problems] == [("key", "max_length")]
    assert "at most 255 characters" in findings.problems[0].message
