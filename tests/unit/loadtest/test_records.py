"""Records are what the schema says, and broken ones break it surely."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.fields import Field, RecordSchema
from crispml_core.domain.targets import Target
from crispml_core.tables.records import from_records
from loadtest.damage import damages
from loadtest.keys import RecordKeys
from loadtest.records import Records

DRAWN = 300


def records(use_case, rows=(), *, invalid_share=0.0, schema_share=1.0, seed=0):
    return Records(
        use_case, rows, Random(seed), invalid_share=invalid_share, schema_share=schema_share
    )


def refused(use_case, values):
    """Return whether the service's own check of the record schema refuses a record."""
    schema = RecordSchema(use_case.fields, use_case.record_key)
    _, findings = from_records([values], schema)
    return bool(findings.problems)


@pytest.mark.parametrize("schema_share", [0.0, 0.5, 1.0])
def test_valid_records_keep_the_schema_wherever_they_come_from(use_case, rows, schema_share):
    drawing = records(use_case, rows, schema_share=schema_share)
    for _ in range(DRAWN):
        drawn = drawing.valid()
        assert not refused(use_case, drawn.values), drawn.values
        assert drawn.truth in ("no", "yes")
        assert not drawn.broken


def test_records_of_data_are_rows_with_their_truth_and_a_key_of_their_own(use_case, rows):
    drawn = records(use_case, rows, schema_share=0.0).valid()
    (row,) = [row for row in rows if row["amount"] == drawn.values["amount"]]
    assert drawn.truth == row["returned"]
    key = drawn.values["order_id"]
    assert {**drawn.values, "returned": drawn.truth} == {**row, "order_id": key}
    assert key != row["order_id"]


def test_every_way_to_break_a_record_is_refused(use_case, rows):
    ways = damages(use_case.fields, use_case.record_key)
    assert {name for name, _ in ways} == {
        "unknown_field", "missing", "null", "value", "type", "moment", "too_long", "minimum",
        "maximum",
    }  # fmt: skip
    for name, spoil in ways:
        values = records(use_case, rows, schema_share=0.0).valid().values
        spoil(values)
        assert refused(use_case, values), name


def test_a_share_of_the_requests_is_invalid_and_no_more(use_case, rows):
    drawing = records(use_case, rows, invalid_share=0.2)
    broken = [any(one.broken for one in drawing.batch(3)) for _ in range(2000)]
    assert 300 < sum(broken) < 500
    assert not any(one.broken for one in records(use_case, rows).batch(DRAWN))


def test_no_two_records_and_no_two_processes_have_the_same_key(use_case):
    keys = Counter(
        drawing.valid().values["order_id"]
        for drawing in (records(use_case), records(use_case))
        for _ in range(DRAWN)
    )
    assert len(keys) == 2 * DRAWN
    assert all(len(key) <= 20 for key in keys)


def test_keys_that_are_numbers_stay_in_their_range():
    field = Field("id", "integer", minimum=5, maximum=5_000_000)
    keys = RecordKeys(field)
    given = [keys.next() for _ in range(1000)]
    assert len(set(given)) == 1000
    assert all(5 <= key <= 5_000_000 for key in given)


@pytest.mark.parametrize(
    "field",
    [Field("id", "string", max_length=5), Field("id", "integer", minimum=1, maximum=1000)],
)
def test_a_key_without_room_for_a_load_is_said(field):
    with pytest.raises(InvalidInput, match="field id"):
        RecordKeys(field)


def test_the_truth_of_a_regression_lies_in_its_range(use_case):
    days = replace(use_case, task="regression", target=Target("days", "regression", minimum=3))
    assert all(3 <= records(days).valid().truth <= 4 for _ in range(50))


def test_values_that_data_may_have_masked_are_drawn(use_case, rows):
    """A data set may hold a band of ages where a request must have an age."""
    masked = replace(use_case.fields[2], privacy="drop")
    hidden = replace(use_case, fields=(*use_case.fields[:2], masked, *use_case.fields[3:]))
    for row in rows:
        row["items"] = "1 - 5"
    drawing = records(hidden, rows, schema_share=0.0)
    assert {type(drawing.valid().values["items"]) for _ in range(50)} == {int}
    assert drawing.valid().values["amount"] in {row["amount"] for row in rows}
