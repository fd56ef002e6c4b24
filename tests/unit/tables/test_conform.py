from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crispml_core.domain.fields import Field, RecordSchema
from crispml_core.tables.conform import conform
from crispml_core.tables.schema import arrow_schema

SECRET = "hunter2"


def column(values: Any, field: Field, **options: Any) -> tuple[list[Any], list[tuple[str, int]]]:
    array = values if isinstance(values, pa.Array) else pa.array(values)
    batch = pa.RecordBatch.from_arrays([array], [field.name])
    conformed, findings = conform(batch, [field], **options)
    assert conformed.schema == arrow_schema([field])
    return conformed.column(0).to_pylist(), [(p.rule, p.row) for p in findings.problems]


NULLABLE = {"nullable": True}


@pytest.mark.parametrize(
    ("field", "given_values", "wanted"),
    [
        (Field("a", "integer"), ["1", "-2", " 3 ", "+4", "5.0", "007"], [1, -2, 3, 4, 5, 7]),
        (Field("a", "integer"), [1.0, 2.0], [1, 2]),
        (Field("a", "integer"), [Decimal("3.00")], [3]),
        (Field("a", "integer"), pa.array([7], pa.uint64()), [7]),
        (Field("a", "integer", **NULLABLE), [1.0, float("nan"), None], [1, None, None]),
        (Field("a", "number"), ["1.5", "2e3", ".5", " 7"], [1.5, 2000.0, 0.5, 7.0]),
        (Field("a", "number"), [2**60, 1], [float(2**60), 1.0]),
        (Field("a", "number"), [Decimal("1.25")], [1.25]),
        (Field("a", "number", **NULLABLE), [1.0, float("nan")], [1.0, None]),
        (Field("a", "boolean"), ["true", "No", "1", "F"], [True, False, True, False]),
        (Field("a", "boolean"), [0, 1], [False, True]),
        (Field("a", "boolean", **NULLABLE), [1.0, float("nan")], [True, None]),
        (Field("a", "category", values=("0", "1")), [0, 1], ["0", "1"]),
        (Field("a", "category", values=("0", "1")), [0.0, 1.0], ["0", "1"]),
        (Field("a", "category", values=("true", "false")), [True, False], ["true", "false"]),
        (Field("a", "category", values=("x",)), pa.array(["x"]).dictionary_encode(), ["x"]),
        (Field("a", "string"), pa.array(["ß"], pa.large_string()), ["ß"]),
        (Field("a", "string"), pa.array(["ß"], pa.string_view()), ["ß"]),
        (Field("a", "string"), [12, 13], ["12", "13"]),
        (Field("a", "date"), ["2024-02-29"], [date(2024, 2, 29)]),
        (Field("a", "date"), [datetime(2024, 2, 29)], [date(2024, 2, 29)]),
        (
            Field("a", "datetime"),
            ["2024-01-01T12:00:00+02:00", "2024-01-01 10:00", "2024-01-01T10:00:00Z"],
            [datetime(2024, 1, 1, 10, tzinfo=UTC)] * 3,
        ),
        (
            Field("a", "datetime"),
            [datetime(2024, 1, 1, 10)],
            [datetime(2024, 1, 1, 10, tzinfo=UTC)],
        ),
        (Field("a", "string", **NULLABLE), pa.nulls(2), [None, None]),
        # Thirty digits stay thirty digits; what a float says as well is written as one.
        (
            Field("a", "string", **NULLABLE),
            [Decimal("123456789012345678901234567890.50"), Decimal("12.00"), Decimal("-0.1"), None],
            ["123456789012345678901234567890.5", "12", "-0.1", None],
        ),
        (
            Field("a", "string"),
            [Decimal("-9007199254740993.00"), Decimal("9007199254740992.00")],
            ["-9007199254740993", "9007199254740992"],
        ),
    ],
)
def test_values_take_the_declared_type(field: Field, given_values: Any, wanted: list[Any]) -> None:
    assert column(given_values, field) == (wanted, [])


@pytest.mark.parametrize(
    ("field", "given_values", "findings"),
    [
        (Field("a", "integer"), ["x", "1.5", "0x1F", "1_0"], [("type", r) for r in range(4)]),
        (Field("a", "integer"), ["9223372036854775808"], [("type", 0)]),
        (Field("a", "integer"), pa.array([2**63], pa.uint64()), [("type", 0)]),
        (Field("a", "integer"), [1.5, float("inf"), 2.0], [("type", 0), ("finite", 1)]),
        (Field("a", "integer"), [1.0, float("nan")], [("finite", 1)]),
        (Field("a", "integer"), [True], [("type", 0)]),
        (Field("a", "integer"), [Decimal("9007199254740993.5"), Decimal(2)], [("type", 0)]),
        (Field("a", "integer"), [Decimal(2**63), Decimal(2)], [("type", 0)]),
        (Field("a", "integer", minimum=1, maximum=2), ["0", "3"], [("range", 0), ("range", 1)]),
        (Field("a", "integer", minimum=0.5), ["0", "1"], [("range", 0)]),
        (Field("a", "number"), ["1", "inf", "nan", "1e999"], [("finite", r) for r in (1, 2, 3)]),
        (Field("a", "number", nullable=True), [float("inf")], [("finite", 0)]),
        (Field("a", "number"), ["1", "12,5"], [("type", 1)]),
        (Field("a", "number", maximum=1), [0.5, 1.5], [("range", 1)]),
        (Field("a", "number"), [1.0, None], [("missing", 1)]),
        (Field("a", "number"), pa.nulls(1), [("missing", 0)]),
        (Field("a", "number"), [[1.0]], [("type", 0)]),
        (Field("a", "boolean"), ["maybe", "2"], [("type", 0), ("type", 1)]),
        (Field("a", "boolean"), [2], [("type", 0)]),
        (Field("a", "category", values=("x",)), ["x", "y"], [("category", 1)]),
        (Field("a", "category", values=("1",)), [1.5], [("category", 0)]),
        (Field("a", "string", max_length=2), ["ßß", "abc"], [("max_length", 1)]),
        (Field("a", "string"), ["a\0b"], [("type", 0)]),
        (Field("a", "string"), [b"raw"], [("type", 0)]),
        (Field("a", "date"), ["2024-02-30", "20240101"], [("type", 0), ("type", 1)]),
        (Field("a", "date"), [datetime(2024, 1, 1, 1)], [("type", 0)]),
        (Field("a", "datetime"), ["yesterday"], [("type", 0)]),
    ],
)  # fmt: skip
def test_broken_values_are_found_by_rule_and_row(
    field: Field, given_values: Any, findings: list[tuple[str, int]]
) -> None:
    assert column(given_values, field)[1] == findings


def test_a_large_decimal_stays_the_same_beside_one_that_is_refused() -> None:
    values, findings = column(
        [Decimal("9007199254740993.0"), Decimal("0.5")], Field("a", "integer")
    )
    assert (values, findings) == ([2**53 + 1, None], [("type", 1)])


def test_rows_count_from_the_start_of_the_table() -> None:
    assert column(["x"], Field("a", "integer"), offset=1000)[1] == [("type", 1000)]


@pytest.mark.parametrize("options", [{"record_key": "a"}, {}])
def test_a_record_key_must_not_be_blank(options: dict[str, str]) -> None:
    schema = RecordSchema((Field("a", "string"),), "a")
    batch = pa.record_batch({"a": ["k", "  "]})
    _, findings = conform(batch, schema if not options else schema.fields, **options)
    assert [(p.rule, p.row) for p in findings.problems] == [("missing", 1)]


def test_a_record_key_is_never_longer_than_the_stores_index() -> None:
    schema = RecordSchema((Field("a", "string"),), "a")
    _, findings = conform(pa.record_batch({"a": ["k" * 255, "k" * 256]}), schema)
    assert [(p.rule, p.row) for p in findings.problems] == [("max_length", 1)]


def test_columns_are_checked_before_values() -> None:
    fields = [Field("amount", "number"), Field("age", "integer"), Field("purpose", "string")]
    batch = pa.RecordBatch.from_arrays(
        [pa.array(["x"])] * 4, names=["age", "age", "purpsoe", SECRET]
    )
    conformed, findings = conform(batch, fields)
    found = [(p.rule, p.field) for p in findings.problems]
    assert found == [
        ("duplicate_column", "age"),
        ("unknown_column", None),
        ("unknown_column", None),
        ("missing_column", "amount"),
        ("missing_column", "purpose"),
    ]
    assert "number 3" in findings.problems[1].message
    assert "did you mean 'purpose'" in findings.problems[1].message
    assert conformed.num_rows == 0
    assert findings.about_table


def test_a_message_never_repeats_what_was_sent() -> None:
    fields = [
        Field("a", "integer"),
        Field("b", "category", values=("x",)),
        Field("c", "string", max_length=3),
        Field("d", "date"),
    ]
    batch = pa.record_batch({name: [SECRET] for name in "abcd"})
    _, findings = conform(batch, fields)
    assert findings.total == 4
    renamed = batch.rename_columns([SECRET, "b", "c", "d"])
    said = [*findings.problems, *conform(renamed, fields)[1].problems]
    assert not any(SECRET in problem.message for problem in said)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["1", "1.0", "+1", " 2", "x", "1e3", "inf", "nan", "0x1", "1_0", "-0", "²"]
        ),
        min_size=2,
    ),
    st.sampled_from(["integer", "number", "boolean", "date", "datetime"]),
)
def test_the_verdict_on_a_value_does_not_depend_on_its_neighbours(
    texts: list[str], kind: Any
) -> None:
    field = Field("a", kind, nullable=True)
    together = column(texts, field)
    apart = [column([text], field) for text in texts]
    assert together[0] == [values[0] for values, _ in apart]
    assert together[1] == [(rule, row) for row, (_, found) in enumerate(apart) for rule, _ in found]
