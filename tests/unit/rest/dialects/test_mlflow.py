"""Bodies and answers of ``/invocations``."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from crispml_core.domain.errors import (
    InvalidInput,
    InvalidRecords,
    MalformedContent,
    TooLarge,
    UnsupportedContent,
)
from crispml_core.rest.dialects.columns import ColumnReader
from crispml_core.rest.dialects.mlflow_request import (
    invocation_media,
    read_frame,
    read_invocation,
)
from crispml_core.rest.dialects.mlflow_response import predictions
from crispml_core.serving.scored import Scored

NAMES = ["key", "amount", "items", "channel", "paid", "since", "seen"]
ROWS = [
    ["a", 1.5, 1, "shop", None, "2024-02-29", None],
    ["b", 2, 2.0, "web", True, None, None],
]
READ = [
    ("a", 1.5, 1, "shop", None, date(2024, 2, 29), None),
    ("b", 2.0, 2, "web", True, None, None),
]
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
COLUMNS = {name: [row[place] for row in ROWS] for place, name in enumerate(NAMES)}
SPLIT = {"columns": NAMES, "index": [0, 1], "data": ROWS}


def rows(document: Any, reader: ColumnReader, max_rows: int = 10) -> list[tuple[Any, ...]]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_frame(read_invocation(body), reader, max_rows).rows()


@pytest.mark.parametrize(
    "document",
    [
        {"dataframe_split": SPLIT},
        {"dataframe_split": {"columns": NAMES[::-1], "data": [row[::-1] for row in ROWS]}},
        {"dataframe_records": RECORDS},
        {"instances": RECORDS},
        {"instances": ROWS},
        {"inputs": COLUMNS},
        {"inputs": RECORDS},
        {"inputs": ROWS},
        {"inputs": COLUMNS, "params": {}},
        {"inputs": COLUMNS, "params": None},
    ],
)
def test_every_form_gives_the_same_records(document: Any, reader: ColumnReader) -> None:
    assert rows(document, reader) == READ


def test_one_record_may_come_as_an_object_of_values(reader: ColumnReader) -> None:
    assert rows({"inputs": RECORDS[0]}, reader) == READ[:1]


def test_a_missing_number_of_pandas_is_missing(reader: ColumnReader) -> None:
    text = json.dumps({"dataframe_split": {**SPLIT, "data": [[*ROWS[0][:4], "?", None, "NaT"]]}})
    body = text.replace('"?"', "NaN").encode()
    assert rows(body, reader) == [("a", 1.5, 1, "shop", None, None, None)]


def test_the_word_nan_inside_a_text_stays(reader: ColumnReader) -> None:
    text = json.dumps({"dataframe_records": [{**RECORDS[0], "key": 'a "NaN", NaN'}]})
    body = text.replace("null", "NaN", 1).encode()
    assert rows(body, reader)[0][0] == 'a "NaN", NaN'


def test_dates_of_pandas_are_moments_at_midnight(reader: ColumnReader) -> None:
    for moment in ("2024-02-29T00:00:00", "2024-02-29T00:00:00.000", "2024-02-29 00:00:00Z"):
        given = {**COLUMNS, "since": [moment, None]}
        assert rows({"inputs": given}, reader)[0][5] == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ([], "send an object"),
        ({}, "exactly one"),
        ({"inputs": COLUMNS, "instances": RECORDS}, "exactly one"),
        ({"inputs": COLUMNS, "hunter2": 1}, "only params"),
        ({"inputs": COLUMNS, "params": {"hunter2": 1}}, "params must be"),
        ({"inputs": COLUMNS, "params": {"predict_method": "hunter2"}}, "params must be"),
        ({"inputs": COLUMNS, "params": [1]}, "params must be"),
        ({"inputs": {**COLUMNS, "key": ["hunter2"]}}, "same number"),
        ({"inputs": {**COLUMNS, "key": "hunter2"}}, "a list of values"),
        ({"inputs": {}}, "at least one"),
        ({"inputs": []}, "at least one"),
        ({"instances": [1]}, "a record must be a JSON object"),
        ({"instances": [["hunter2"]]}, "7 values"),
        ({"instances": "hunter2"}, "list of records"),
        ({"dataframe_records": {}}, "list of records"),
        ({"dataframe_split": []}, "dataframe_split must be"),
        ({"dataframe_split": {**SPLIT, "hunter2": 1}}, "dataframe_split must be"),
        ({"dataframe_split": {"columns": [1], "data": []}}, "field names"),
        ({"dataframe_split": {"columns": NAMES, "data": [{}]}}, "list of rows"),
        ({"dataframe_split": {"columns": NAMES, "data": [["hunter2"]]}}, "7 values"),
        ({"dataframe_split": {"columns": NAMES}}, "list of rows"),
        ({"dataframe_split": {"columns": NAMES, "data": []}}, "at least one"),
    ],
)
def test_other_forms_are_refused(document: Any, sentence: str, reader: ColumnReader) -> None:
    with pytest.raises(InvalidInput, match=sentence) as caught:
        rows(document, reader)
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize("key", ["dataframe_split", "dataframe_records", "instances", "inputs"])
def test_more_records_than_allowed_are_refused(key: str, reader: ColumnReader) -> None:
    data = {"dataframe_split": SPLIT, "inputs": COLUMNS}.get(key, RECORDS)
    with pytest.raises(TooLarge, match="at most 1 "):
        rows({key: data}, reader, max_rows=1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"inputs":{"a":1},"inputs":{"a":1}}',
        b'{"inputs":{"a":1,"a":1}}',
        b'{"inputs":[Infinity]}',
    ],
)
def test_what_is_no_json_is_refused(body: bytes, reader: ColumnReader) -> None:
    with pytest.raises(MalformedContent):
        rows(body, reader)


def test_a_broken_value_is_named_by_field_and_row(reader: ColumnReader) -> None:
    with pytest.raises(InvalidRecords, match="row 1: field channel must be one of"):
        rows({"inputs": {**COLUMNS, "channel": ["web", "hunter2"]}}, reader)


def test_params_say_which_version_answers_and_how(reader: ColumnReader) -> None:
    params = {"version": "v1", "predict_method": "predict_proba"}
    found = read_invocation(json.dumps({"inputs": COLUMNS, "params": params}).encode()).params
    assert (found.version, found.alias, found.predict_method) == ("v1", None, "predict_proba")


def test_bodies_are_json_csv_or_parquet() -> None:
    assert invocation_media("") == "application/json"
    assert invocation_media("application/json; format=pandas-split") == "application/json"
    assert invocation_media("text/csv; charset=utf-8") == "text/csv"
    with pytest.raises(UnsupportedContent):
        invocation_media("application/vnd.apache.arrow.stream")


def test_predictions_are_labels_or_numbers(scored: Callable[..., Scored]) -> None:
    assert json.loads(predictions(scored(2))) == {"predictions": ["no", "yes"]}
    assert json.loads(predictions(scored(2, classes=()))) == {"predictions": [0.0, 1 / 7]}


def test_probabilities_come_by_class(scored: Callable[..., Scored]) -> None:
    found = json.loads(predictions(scored(1), "predict_proba"))
    assert found == {"predictions": [[0.75, 0.25]]}
    found = json.loads(predictions(scored(1, classes=("a", "b", "c")), "predict_proba"))
    assert found == {"predictions": [[0.25, 0.75, 0.0]]}
    with pytest.raises(InvalidInput, match="needs classes"):
        predictions(scored(1, classes=()), "predict_proba")
