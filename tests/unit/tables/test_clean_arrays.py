"""Accepting a whole Arrow column says the same as conforming it."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.fields import Field
from crispml_core.tables.clean_arrays import TEXT_CODES, accept_array
from crispml_core.tables.conform import conform_column

NUMBERS = st.one_of(
    st.none(),
    st.floats(-2, 3, width=32),
    st.sampled_from([math.nan, math.inf, -math.inf, 1e300]),
)
WHOLE = st.one_of(st.none(), st.integers(-2, 3), st.sampled_from([2**53, 2**53 + 1, 2**63 - 1]))
TEXTS = st.one_of(
    st.none(), st.sampled_from(["x", "1", "", " ", "\t", "\u2003", "abcd", "ßßß", "\0", "é"])
)
FLOATING = [pa.float64(), pa.float32()]
STRINGS = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]


@st.composite
def columns(draw: st.DrawFn) -> pa.Array:
    values, kinds = draw(
        st.sampled_from(
            [
                (NUMBERS, FLOATING),
                (WHOLE, [pa.int64()]),
                (st.one_of(st.none(), st.integers(0, 3)), [pa.int8(), pa.uint8(), pa.uint64()]),
                (TEXTS, STRINGS),
                (st.sampled_from([True, False, None]), [pa.bool_()]),
                (st.none(), [pa.null()]),
            ]
        )
    )
    array = pa.array(draw(st.lists(values, max_size=5)), draw(st.sampled_from(kinds)))
    start = draw(st.integers(0, len(array)))
    return array.slice(start)


FIELDS = [
    Field("a", kind, nullable=nullable, **limits)
    for nullable in (False, True)
    for kind, limits in (
        ("integer", {}),
        ("integer", {"minimum": -1, "maximum": 2**53}),
        ("number", {}),
        ("number", {"minimum": -1, "maximum": 1e6}),
        ("boolean", {}),
        ("category", {"values": ("x", "1")}),
        ("string", {"max_length": 3}),
    )
]


@given(column=columns(), field=st.sampled_from(FIELDS), is_key=st.booleans())
def test_an_accepted_column_is_what_conforming_would_give(
    column: pa.Array, field: Field, is_key: bool
) -> None:
    is_key = is_key and field.type == "string" and not field.nullable
    accepted = accept_array(column, field, is_key=is_key)
    if accepted is None:
        return
    expected, broken = conform_column(column, field, is_key)
    assert broken == []
    assert accepted.to_pylist() == expected.to_pylist()
    assert accepted.type in (expected.type, TEXT_CODES)


@pytest.mark.parametrize(
    ("field", "column"),
    [
        (Field("a", "integer"), pa.array([1, 2])),
        (Field("a", "number", minimum=0, maximum=2), pa.array([0.0, 2.0])),
        (Field("a", "number", nullable=True), pa.array([None, 2.0])),
        (Field("a", "category", values=("x",)), pa.array(["x", "x"]).dictionary_encode()),
        (Field("a", "string", max_length=3), pa.array(["abc", ""])),
        (Field("a", "boolean", nullable=True), pa.array([True, None])),
    ],
)
def test_what_usually_comes_is_accepted_at_once(field: Field, column: pa.Array) -> None:
    accepted: Any = accept_array(column, field)
    assert accepted.to_pylist() == column.to_pylist()
