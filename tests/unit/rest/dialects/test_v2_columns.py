"""The fast reader of tensors accepts only what the explaining one accepts, with the same values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.errors import CrispMLError
from crispml_core.domain.fields import Field, RecordSchema
from crispml_core.rest.dialects.columns import ColumnReader
from crispml_core.rest.dialects.v2_columns import TensorColumns
from crispml_core.rest.dialects.v2_request import read_records, read_request

SCHEMA = RecordSchema(
    (
        Field("key", "string", max_length=12),
        Field("amount", "number", minimum=0, maximum=1000),
        Field("items", "integer", minimum=1, maximum=50),
        Field("channel", "category", values=("shop", "web : new", "1")),
        Field("paid", "boolean", nullable=True),
        Field("since", "date", nullable=True),
        Field("seen", "datetime", nullable=True),
        Field("note", "string", nullable=True, max_length=3),
    ),
    "key",
)
FAST, SLOW = TensorColumns(SCHEMA, 1), ColumnReader(SCHEMA, "returned")
MOST = 4
GOOD: dict[str, tuple[str, list[Any]]] = {
    "key": ("BYTES", ["a", "b"]),
    "amount": ("FP64", [1.5, 2]),
    "items": ("INT64", [1, 2]),
    "channel": ("BYTES", ["shop", "web : new"]),
    "paid": ("BOOL", [True, None]),
    "since": ("BYTES", ["2024-01-31", None]),
    "seen": ("BYTES", ["2024-01-31T12:00:00Z", None]),
    "note": ("BYTES", [None, "é"]),
}


def tensor(name: str, datatype: str, data: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "shape": [len(data), 1], "datatype": datatype, "data": data, **more}


def request(columns: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"inputs": [tensor(name, *column) for name, column in columns.items()], **members}


def rows_of(batch: Any) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in batch.columns), strict=True))


def slowly(body: bytes) -> list[tuple[Any, ...]] | None:
    """Return what the explaining way makes of a body: tuples, or None when it refuses it."""
    try:
        return read_records(read_request(body), SLOW, MOST).rows()
    except CrispMLError:
        return None


def typed(rows: Any) -> Any:
    """Return values with their types: True is not 1."""
    return [[(type(value), value) for value in row] for row in rows]


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" ,\n", "\t: ")])
@pytest.mark.parametrize("order", [list(GOOD), sorted(GOOD)])
def test_a_clean_request_is_accepted(separators: tuple[str, str], order: list[str]) -> None:
    outputs = [{"name": "predict", "parameters": {"binary_data": False}}]
    members = {"id": "r:1", "parameters": {"alias": "champion"}, "outputs": outputs}
    columns = {name: GOOD[name] for name in order}
    body = json.dumps(request(columns, **members), separators=separators).encode()
    found = FAST.read(body, MOST)
    assert found is not None
    wanted, batch = found
    assert typed(rows_of(batch)) == typed(slowly(body))
    slow = read_request(body)
    assert (wanted.id, wanted.parameters) == (slow.id, slow.parameters)
    assert wanted.outputs == slow.outputs


def test_few_records_are_left_to_others() -> None:
    body = json.dumps(request(GOOD)).encode()
    assert TensorColumns(SCHEMA, 3).read(body, MOST) is None
    assert TensorColumns(SCHEMA, 10_000).read(body, MOST) is None
    assert FAST.read(body, 1) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"shape": [2, 1]', '"shape": [2, 2]'),
        ('"shape": [2, 1]', '"shape": [1, 2]'),
        ('"shape": [2, 1]', '"shape": [3, 1]'),
        ('"shape": [2, 1]', '"shape": []'),
        ('"datatype": "FP64"', '"datatype": "INT64"'),
        ('"datatype": "FP64"', '"datatype": "fp64"'),
        ('"datatype": "FP64"', '"datatype": "FP64", "datatype": "FP64"'),
        ('"datatype": "FP64"', '"datatype": "FP64", "parameters": {"binary_data_size": 16}'),
        ('"datatype": "FP64"', '"datatype": "FP64", "parameters": {"a": 1, "a": 1}'),
        ('"datatype": "FP64"', '"datatype": "FP64", "parameters": {"a": {"b": 1, "b": 2}}'),
        ('"name": "amount"', '"name": "items"'),
        ('"name": "amount"', '"name": "other"'),
        ('"name": "amount"', '"name": "key", "name": "amount"'),
        ('"name": "amount", ', ""),
        ("1.5", "NaN"),
        ("1.5", "1e999"),
        ("1.5", "-1"),
        ("1.5", '"1.5x"'),
        ("1.5, 2", "1.5"),
        ("[1, 2]", "[1, 2.5]"),
        ("[1, 2]", "[1, 51]"),
        ("[1, 2]", "[true, 2]"),
        ("[1, 2]", "[null, 2]"),
        ("[1, 2]", "[1, 99999999999999999999999]"),
        ('"shop"', '"shops"'),
        ('"a"', '" "'),
        ('"a"', '"a\\u0000"'),
        ('"a"', '"\\ud800"'),
        ('"a"', '"0123456789abc"'),
        ("2024-01-31T12", "2024-02-31T12"),
        ('{"inputs"', '{"inputs": [], "inputs"'),
        ('{"inputs"', "["),
    ],
)
def test_what_is_refused_is_never_accepted(old: str, new: str) -> None:
    body = json.dumps(request(GOOD)).replace(old, new, 1).encode()
    assert slowly(body) is None
    assert FAST.read(body, MOST) is None


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 60),
    st.integers(),
    st.floats(),
    st.sampled_from(["shop", "web : new", "a", "2024-01-31", "x:y", '":', "", "NaT"]),
    st.text(max_size=13),
    st.datetimes().map(str),
)
DATATYPES = st.sampled_from(["BYTES", "FP64", "FP32", "INT64", "UINT8", "BOOL", "other"])
COLUMNS = st.one_of(
    st.tuples(DATATYPES, st.lists(VALUES, max_size=5)),
    st.tuples(DATATYPES, st.lists(VALUES, min_size=2, max_size=2)),
)
CHANGES = st.dictionaries(st.sampled_from([*GOOD, "returned"]), COLUMNS, max_size=2)
PARAMETERS = st.none() | st.dictionaries(st.sampled_from(["a", "b:c"]), VALUES, max_size=2)


@given(CHANGES, st.sets(st.sampled_from([*GOOD]), max_size=1), PARAMETERS, st.booleans())
def test_nothing_is_accepted_that_the_strict_way_refuses_or_reads_otherwise(
    changes: dict[str, Any], left_out: set[str], parameters: Any, spaced: bool
) -> None:
    columns = {n: column for n, column in {**GOOD, **changes}.items() if n not in left_out}
    members = {} if parameters is None else {"parameters": parameters}
    value = request(columns, **members)
    body = json.dumps(value, separators=None if spaced else (",", ":")).encode()
    found = FAST.read(body, MOST)
    if found is not None:
        assert typed(rows_of(found[1])) == typed(slowly(body))
