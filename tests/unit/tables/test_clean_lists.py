"""Accepting a whole column says the same as looking at each value."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.fields import Field
from crispml_core.tables.clean_lists import acceptor
from crispml_core.tables.value_checks import Broken, value_check

FIELDS = [
    Field("a", kind, nullable=nullable, **limits)
    for nullable in (False, True)
    for kind, limits in (
        ("integer", {}),
        ("integer", {"minimum": -1.5, "maximum": 2**53}),
        ("number", {}),
        ("number", {"minimum": -1, "maximum": 1e6}),
        ("boolean", {}),
        ("category", {"values": ("x", "1")}),
        ("string", {"max_length": 3}),
        ("date", {}),
        ("datetime", {}),
    )
]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 3),
    st.sampled_from([2**53, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**400]),
    st.floats(-2, 3),
    st.sampled_from([1.0, -0.0, 1e308, math.nan, math.inf, 2.0**63]),
    st.sampled_from(["x", "1", "", " ", "abcd", "\0", "\ud800", "ß", "2024-01-31"]),
    st.just([]),
    st.just({}),
)


def one_by_one(values: list[Any], field: Field, is_key: bool) -> list[Any] | None:
    check, kept = value_check(field, is_key=is_key), []
    for value in values:
        if value is None:
            if not field.nullable:
                return None
            kept.append(None)
            continue
        try:
            kept.append(check(value))
        except Broken:
            return None
    return kept


def typed(values: Any) -> list[tuple[type, Any]]:
    return [(type(value), value) for value in values]


@given(
    field=st.sampled_from(FIELDS),
    values=st.lists(VALUES, min_size=1, max_size=4),
    is_key=st.booleans(),
)
def test_an_accepted_column_is_what_its_values_would_be_one_by_one(
    field: Field, values: list[Any], is_key: bool
) -> None:
    is_key = is_key and field.type in ("string", "integer") and not field.nullable
    kept = acceptor(field, is_key=is_key)(values)
    if kept is not None:
        expected = one_by_one(values, field, is_key)
        assert expected is not None
        assert typed(kept) == typed(expected)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (Field("a", "integer"), [1, 2]),
        (Field("a", "integer"), [1.0, 2]),
        (Field("a", "integer", nullable=True), [None, 2]),
        (Field("a", "number", minimum=0), [0, 1.5]),
        (Field("a", "number", nullable=True), [None, None]),
        (Field("a", "boolean"), [True, False]),
        (Field("a", "category", values=("x",)), ["x", "x"]),
        (Field("a", "category", values=("x",), nullable=True), ["x", None]),
        (Field("a", "string"), ["ß", ""]),
    ],
)
def test_what_usually_comes_is_accepted_at_once(field: Field, values: list[Any]) -> None:
    assert list(acceptor(field)(values) or ()) == values
