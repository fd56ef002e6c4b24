"""Inference requests of the Open Inference Protocol V2."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.errors import (
    CrispMLError,
    InvalidInput,
    InvalidRecords,
    MalformedContent,
    TooLarge,
)
from crispml_core.domain.fields import Field, RecordSchema
from crispml_core.rest.dialects.columns import ColumnReader
from crispml_core.rest.dialects.v2_request import read_records, read_request

TWO = {
    "key": ("BYTES", ["a", "b"]),
    "amount": ("FP64", [1.5, 2]),
    "items": ("INT64", [1, 2]),
    "channel": ("BYTES", ["shop", "web"]),
}
ROWS = [("a", 1.5, 1, "shop", None, None, None), ("b", 2.0, 2, "web", None, None, None)]
NUMBERS = ColumnReader(
    RecordSchema((Field("key", "integer"), Field("x", "number"), Field("y", "number")), "key")
)


def tensor(name: str, datatype: str, data: Any, shape: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "shape": shape or [len(data), 1],
        "datatype": datatype,
        "data": data,
        **more,
    }


def request(columns: Any, **members: Any) -> bytes:
    inputs = [tensor(name, datatype, data) for name, (datatype, data) in columns.items()]
    return json.dumps({"inputs": inputs, **members}).encode()


def rows(body: bytes, reader: ColumnReader, **options: Any) -> list[tuple[Any, ...]]:
    return read_records(read_request(body, **options), reader, 100).rows()


def test_one_tensor_per_field_gives_the_records(reader: ColumnReader) -> None:
    assert rows(request(TWO), reader) == ROWS
    batch = read_records(read_request(request(TWO)), reader, 100).batch()
    assert [tuple(row.values()) for row in batch.to_pylist()] == ROWS


def test_tensors_may_come_in_any_order_and_flat(reader: ColumnReader) -> None:
    inputs = [tensor(name, datatype, data, [2]) for name, (datatype, data) in reversed(TWO.items())]
    assert rows(json.dumps({"inputs": inputs}).encode(), reader) == ROWS


def test_data_may_be_nested(reader: ColumnReader) -> None:
    nested = {name: (datatype, [[one] for one in data]) for name, (datatype, data) in TWO.items()}
    assert rows(request(nested), reader) == ROWS


@pytest.mark.parametrize(
    ("name", "datatype", "data", "values"),
    [
        ("items", "FP64", [1.0, 2.0], [1, 2]),
        ("items", "INT8", [1, 2], [1, 2]),
        ("items", "BYTES", ["1", "2.0"], [1, 2]),
        ("amount", "INT32", [1, 2], [1.0, 2.0]),
        ("amount", "FP32", [1, 2.5], [1.0, 2.5]),
        ("amount", "BYTES", ["1e1", "2"], [10.0, 2.0]),
        ("channel", "INT64", [1, 1], ["1", "1"]),
        ("channel", "FP64", [1.0, 1.0], ["1", "1"]),
        ("key", "UINT64", [1, 2], ["1", "2"]),
        ("paid", "BOOL", [True, None], [True, None]),
        ("paid", "INT64", [0, 1], [False, True]),
        ("paid", "FP64", [0.0, None], [False, None]),
        ("paid", "BYTES", ["true", "No"], [True, False]),
        ("since", "BYTES", ["2024-02-29", "2024-02-29T00:00:00"], [date(2024, 2, 29)] * 2),
        ("since", "BYTES", [None, "NaT"], [None, None]),
        (
            "seen",
            "BYTES",
            ["2024-02-29T12:00:00+01:00", None],
            [datetime(2024, 2, 29, 11, tzinfo=UTC), None],
        ),
    ],
)
def test_what_says_the_same_exactly_is_taken_as_the_field_has_it(
    reader: ColumnReader, name: str, datatype: str, data: list[Any], values: list[Any]
) -> None:
    place = reader.schema.names.index(name)
    found = rows(request({**TWO, name: (datatype, data)}), reader)
    assert [row[place] for row in found] == values


@pytest.mark.parametrize(
    ("name", "datatype", "data", "rule"),
    [
        ("items", "FP64", [1.0, 1.5], "type"),
        ("items", "BYTES", ["1", "x"], "type"),
        ("items", "BOOL", [True, True], "type"),
        ("items", "UINT64", [1, 2**63], "type"),
        ("amount", "FP64", [1.0, -1.0], "range"),
        ("amount", "FP64", [1.0, None], "missing"),
        ("amount", "BYTES", ["1", "nan"], "finite"),
        ("channel", "BYTES", ["web", "hunter2"], "category"),
        ("paid", "INT64", [0, 2], "type"),
        ("since", "BYTES", ["2024-02-29", "2024-02-29T01:00:00"], "type"),
    ],
)
def test_a_value_that_breaks_a_rule_is_named_by_field_and_row(
    reader: ColumnReader, name: str, datatype: str, data: list[Any], rule: str
) -> None:
    with pytest.raises(InvalidRecords) as caught:
        rows(request({**TWO, name: (datatype, data)}), reader)
    found = [each for each in caught.value.problems if each.row == 1]
    assert [(each.field, each.rule) for each in found] == [(name, rule)]
    assert "hunter2" not in caught.value.message


def test_missing_unknown_and_target_tensors_are_refused(reader: ColumnReader) -> None:
    columns = {**TWO, "amout": TWO["amount"], "returned": ("BYTES", ["yes", "no"])}
    del columns["amount"]
    with pytest.raises(InvalidRecords) as caught:
        rows(request(columns), reader)
    assert [each.rule for each in caught.value.problems] == [
        "unknown_column",
        "target_in_request",
        "missing_column",
    ]
    assert "amout" not in str(caught.value.problems)


@pytest.mark.parametrize("nested", [False, True])
def test_one_matrix_holds_the_fields_in_their_order(nested: bool) -> None:
    data: Any = [1, 2, 3, 4, 5, 6]
    data = [data[:3], data[3:]] if nested else data
    body = json.dumps({"inputs": [tensor("input-0", "FP64", data, [2, 3])]}).encode()
    assert rows(body, NUMBERS) == [(1, 2.0, 3.0), (4, 5.0, 6.0)]


def test_one_matrix_may_name_its_columns() -> None:
    given = tensor("x", "FP32", [3, 1, 2], [1, 3], parameters={"column_names": ["y", "key", "x"]})
    assert rows(json.dumps({"inputs": [given]}).encode(), NUMBERS) == [(1, 2.0, 3.0)]


def test_a_matrix_of_texts_is_read_like_csv(reader: ColumnReader) -> None:
    given = tensor(
        "input-0",
        "BYTES",
        ["a", "1.5", "1", "shop", "b", "2", "2", "web"],
        [2, 4],
        parameters={"column_names": list(TWO)},
    )
    assert rows(json.dumps({"inputs": [given]}).encode(), reader) == ROWS


def test_a_model_with_one_field_is_asked_by_its_name() -> None:
    single = ColumnReader(RecordSchema((Field("key", "string"),), "key"))
    assert rows(request({"key": ("BYTES", ["a"])}), single) == [("a",)]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"datatype": "hunter2"}, "input number 1: datatype must be one of BYTES"),
        ({"shape": []}, "input number 1: shape"),
        ({"shape": [2, 1, 1]}, "input number 1: shape"),
        ({"shape": [-2]}, "input number 1: shape"),
        ({"shape": [0]}, "at least one record"),
        ({"shape": [3]}, "as many values|the same n"),
        ({"shape": [1, 2]}, "the same n"),
        ({"data": ["a"]}, "as many values"),
        ({"data": [["a"], ["b"], ["c"]]}, "as many rows"),
        ({"data": [1, 2]}, "a list of texts"),
        ({"data": {"a": 1}}, "a list of texts"),
        ({"data": None}, "a list of texts"),
        ({"parameters": {"binary_data_size": 5}}, "binary_data_size"),
    ],
)
def test_tensors_that_do_not_fit_together_are_refused(
    reader: ColumnReader, change: dict[str, Any], sentence: str
) -> None:
    inputs = [tensor(name, datatype, data) for name, (datatype, data) in TWO.items()]
    inputs[0].update(change)
    with pytest.raises(InvalidInput, match=sentence) as caught:
        rows(json.dumps({"inputs": inputs}).encode(), reader)
    assert "hunter2" not in caught.value.message


def test_more_rows_than_allowed_are_refused(reader: ColumnReader) -> None:
    with pytest.raises(TooLarge, match="at most 1 "):
        read_records(read_request(request(TWO)), reader, 1)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", MalformedContent),
        (b"{", MalformedContent),
        (b"[]", InvalidInput),
        (b"{}", InvalidInput),
        (b'{"inputs":[]}', InvalidInput),
        (b'{"inputs":[{"name":"hunter2"}]}', InvalidInput),
        (b'{"inputs":[{"name":1,"shape":[1],"datatype":"FP64","data":[1]}]}', InvalidInput),
        (b'{"inputs":' + b"[" * 10_000, (MalformedContent, TooLarge)),
        (b'{"inputs":[{"name":"a","shape":[1],"datatype":"FP64","data":[NaN]}]}', MalformedContent),
    ],
)
def test_what_is_no_request_is_refused(body: bytes, error: Any) -> None:
    with pytest.raises(error) as caught:
        read_request(body)
    assert "hunter2" not in caught.value.message


MEMBERS = st.lists(
    st.sampled_from(['"id":"a:b"', '"parameters":{"a":":"}', '"id":null', '"other":{"x":1}']),
    max_size=3,
)


@given(members=MEMBERS, inside=st.lists(st.sampled_from(['"parameters":{}', '"a":1']), max_size=2))
def test_a_repeated_key_is_never_overlooked(members: list[str], inside: list[str]) -> None:
    tensors = ['"name":"k:"', '"shape":[1]', '"datatype":"BYTES"', '"data":["a:b"]', *inside]
    text = "{" + ",".join([*members, '"inputs":[{' + ",".join(tensors) + "}]"]) + "}"
    names = [member.split(":")[0] for member in members]
    repeats = len(set(names)) < len(names) or len(set(inside)) < len(inside)
    refusal = pytest.raises(MalformedContent) if repeats else contextlib.nullcontext()
    with refusal:
        read_request(text.encode())


@pytest.mark.parametrize("key", ["data", "name", "shape"])
def test_a_tensor_that_says_something_twice_is_refused(key: str) -> None:
    one = request({"key": ("BYTES", ["a"])}).decode()
    again = {"data": '"data": ["b"]', "name": '"name": "b"', "shape": '"shape": [2]'}[key]
    body = one.replace('"datatype"', f'{again}, "datatype"')
    with pytest.raises(MalformedContent, match="twice"):
        read_request(body.encode())


def binary(columns: dict[str, tuple[str, Any]], tail: bytes = b"") -> tuple[bytes, str]:
    inputs, tails = [], []
    for name, (datatype, values) in columns.items():
        if datatype == "BYTES":
            texts = [value.encode() for value in values]
            content = b"".join(len(text).to_bytes(4, "little") + text for text in texts)
        else:
            content = np.array(values, NUMPY[datatype]).tobytes()
        shape, parameters = [len(values), 1], {"binary_data_size": len(content)}
        inputs.append(
            {"name": name, "shape": shape, "datatype": datatype, "parameters": parameters}
        )
        tails.append(content)
    text = json.dumps({"inputs": inputs}).encode()
    return b"".join([text, *tails, tail]), str(len(text))


NUMPY = {
    "INT64": "<i8",
    "INT8": "<i1",
    "UINT16": "<u2",
    "FP64": "<f8",
    "FP32": "<f4",
    "FP16": "<f2",
    "BOOL": "?",
}


def test_tensors_may_come_as_bytes(reader: ColumnReader) -> None:
    body, length = binary({**TWO, "paid": ("BOOL", [True, False])})
    expected = [(*ROWS[0][:4], True, None, None), (*ROWS[1][:4], False, None, None)]
    assert rows(body, reader, header_length=length) == expected


@pytest.mark.parametrize("datatype", ["FP16", "FP32", "INT8", "UINT16"])
def test_bytes_of_every_width_are_read(reader: ColumnReader, datatype: str) -> None:
    body, length = binary({**TWO, "amount": (datatype, [1, 2])})
    found = rows(body, reader, header_length=length)
    assert [row[1] for row in found] == [1.0, 2.0]


def test_nan_in_a_binary_tensor_is_missing_where_it_may_be(reader: ColumnReader) -> None:
    body, length = binary({**TWO, "paid": ("FP64", [1.0, float("nan")])})
    assert [row[4] for row in rows(body, reader, header_length=length)] == [True, None]
    body, length = binary({**TWO, "amount": ("FP64", [1.0, float("nan")])})
    with pytest.raises(InvalidRecords, match="row 1: field amount must be finite"):
        rows(body, reader, header_length=length)


@given(data=st.data())
def test_damaged_binary_requests_are_refused_or_read_and_never_fail(data: st.DataObject) -> None:
    body, length = binary({"key": ("BYTES", ["a", "bc"]), "x": ("FP64", [1, 2])})
    reader = ColumnReader(RecordSchema((Field("key", "string"), Field("x", "number")), "key"))
    damaged = bytearray(body)
    place = data.draw(st.integers(int(length) - 80, len(body) - 1))
    damaged[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(int(length), len(body) + 3))
    try:
        found = rows(bytes(damaged[:end]) + b"x" * (end - len(body)), reader, header_length=length)
    except CrispMLError:
        return
    assert len(found) == 2


@pytest.mark.parametrize("length", ["-1", "x", "99999", "1" * 30])
def test_a_header_length_that_cannot_be_is_refused(length: str) -> None:
    with pytest.raises(InvalidInput, match="Inference-Header-Content-Length"):
        read_request(request(TWO), length)


def test_bytes_that_no_tensor_claims_are_refused(reader: ColumnReader) -> None:
    body, length = binary(TWO, b"more")
    with pytest.raises(InvalidInput, match="more bytes"):
        rows(body, reader, header_length=length)
