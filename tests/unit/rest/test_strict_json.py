from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.errors import MalformedContent, TooLarge
from crispml_core.rest.strict_json import MAX_CONTAINERS, MAX_DEPTH, parse_json

_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(_values)
def test_every_json_value_comes_back_as_it_was(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value


def test_whole_numbers_stay_exact() -> None:
    assert parse_json(b"123456789012345678901234567890") == 123456789012345678901234567890


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"a": 1,\n "b": 2, "a": 3}', "line 2, column 10"),
        (b'{"a": 1, "\\u0061": 2}', "line 1, column 10"),
        (b'[{"a": 1}, {"b": {"c": 1, "c": 1}}]', "line 1, column 27"),
        (b'{"a": ["NaN", NaN]}', "line 1, column 15"),
        (b"[-Infinity]", "line 1, column 2"),
        (b'{"a": "1e999",\n"b": 1e999}', "line 2, column 6"),
        (b'{"a": secret}', "line 1, column 7"),
        (b"", "line 1, column 1"),
    ],
)
def test_a_refusal_names_the_place(body: bytes, place: str) -> None:
    with pytest.raises(MalformedContent, match=place):
        parse_json(body)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 1_000, 10_000, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_deep_nesting_is_refused_whatever_the_depth(
    depth: int, opening: bytes, closing: bytes
) -> None:
    body = opening * depth + b"1" + closing * depth
    with pytest.raises(TooLarge, match=f"more than {MAX_DEPTH} deep"):
        parse_json(body)


def test_nesting_up_to_the_limit_is_fine() -> None:
    parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


def test_bytes_that_are_not_utf8_are_refused_by_their_position() -> None:
    with pytest.raises(MalformedContent, match="byte 7 of the body is not UTF-8"):
        parse_json(b'{"a": "\xff"}')


def test_half_a_surrogate_pair_is_refused_and_a_whole_one_is_not() -> None:
    assert parse_json(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"
    with pytest.raises(MalformedContent, match="surrogate"):
        parse_json(b'{"a": "\\ud83d"}')


def test_thousands_of_digits_are_refused() -> None:
    with pytest.raises(TooLarge, match="digits"):
        parse_json(b"9" * 10_000)


def test_a_text_of_countless_objects_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(TooLarge, match="objects and arrays"):
        parse_json(b"[" + b"{}," * MAX_CONTAINERS + b"{}]")
