"""NewDataScore answers records that keep the schema, column by column."""

import json
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest

from crispml_core.domain.conformal import ConformalTable
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.fields import Field
from crispml_core.methods.new_data_score import NewDataScore
from crispml_core.ports.scorer import Answers
from crispml_core.tables.schema import arrow_schema

ROWS = [("O-1", 120.5, 2, "web", None), ("O-2", 700.0, 1, "web", "the caller's secret")]
SURE = ConformalTable("label_set", 99, (50, 90, 99), (0.2, 0.4, 0.9))


@pytest.fixture
def method(toy, trained):
    return NewDataScore(toy, trained.scorer)


def batch_of(toy, rows=ROWS):
    schema = arrow_schema(toy.schema)
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def test_each_record_gets_its_answer_and_its_segments(method, trained):
    scores, _ = method.run(ROWS, request_id="r-1")
    assert scores.record_keys == ["O-1", "O-2"]
    assert scores.request_ids == ["r-1", "r-1"]
    assert [json.loads(text)["size"] for text in scores.segments] == ["100 - 500", ">= 500"]
    threshold = trained.scorer.manifest.threshold
    decided = ["yes" if p >= threshold else "no" for p in scores.probabilities]
    assert scores.predictions == decided
    assert scores.details is None


def test_rows_and_columns_get_the_same_answers(toy, method):
    by_row, _ = method.run(ROWS)
    by_column, _ = method.run(batch_of(toy))
    assert by_column == by_row


def test_records_with_policies_go_on_as_they_came_to_who_applies_these(toy, method):
    _, inputs = method.run(ROWS)
    assert inputs == list(ROWS)
    _, columns = method.run(batch_of(toy))
    assert columns.schema.names == list(toy.schema.names)


def test_answers_that_were_asked_for_elsewhere_are_taken(method):
    said = Answers(["no", "yes"], [0.1, 0.9], ["{}", "{}"])
    scores, _ = method.run(ROWS, answers=said)
    assert (scores.predictions, scores.probabilities) == (["no", "yes"], [0.1, 0.9])


def test_reasons_and_intervals_are_added_on_request(toy, trained):
    reasons = [{"base": 0.5, "reasons": []}, {"base": 0.25, "reasons": []}]
    method = NewDataScore(toy, trained.scorer, SURE, lambda rows: reasons[: len(rows)])
    said = Answers(["no", "yes"], [0.05, 0.5], ["{}", "{}"])
    scores, _ = method.run(ROWS, explain=True, level=0.9, answers=said)
    first, second = map(json.loads, scores.details)
    assert [each["explanation"] for each in (first, second)] == reasons
    assert first["interval"] == {"level": 0.9, "set": ["no"], "refer": False}
    assert second["interval"] == {"level": 0.9, "set": [], "refer": True}


def test_columns_are_explained_as_rows_are(toy, trained):
    seen = []
    method = NewDataScore(
        toy, trained.scorer, None, lambda rows: [seen.append(r) or {} for r in rows]
    )
    method.run(batch_of(toy), explain=True)
    assert seen == ROWS


@pytest.mark.parametrize("asked", [{"explain": True}, {"level": 0.9}])
def test_what_a_version_does_not_have_is_refused(method, asked):
    with pytest.raises(InvalidInput, match="explain" if "explain" in asked else "interval"):
        method.run(ROWS, **asked)


def test_whole_keys_become_text_and_dates_are_stored_as_text(toy, trained):
    fields = (
        Field("order_id", "integer"),
        *(replace(each, privacy="keep") for each in toy.fields if each.name != "order_id"),
        Field("ordered", "date"),
    )
    use_case = replace(toy, fields=fields)
    method = NewDataScore(use_case, trained.scorer)
    said = Answers(["no"], [0.1], ["{}"])
    row = (7, 120.5, 2, "web", None, date(2026, 1, 31))
    scores, inputs = method.run([row], answers=said)
    assert scores.record_keys == ["7"]
    assert inputs == [(7, 120.5, 2, "web", None, "2026-01-31")]
