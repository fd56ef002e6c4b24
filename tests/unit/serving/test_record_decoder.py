"""The fast decoder accepts only what the explaining reader accepts, with the same values."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.errors import CrispMLError
from crispml_core.domain.fields import Field, RecordSchema
from crispml_core.rest.strict_json import parse_json
from crispml_core.serving.record_decoder import RecordDecoder
from crispml_core.tables.clean_arrays import TEXT_CODES
from crispml_core.tables.records import from_records
from crispml_core.tables.schema import TYPE_KEY

SCHEMA = RecordSchema(
    (
        Field("key", "string", max_length=12),
        Field("age", "integer", minimum=18, maximum=99.5),
        Field("amount", "number", minimum=0),
        Field("rate", "number", nullable=True),
        Field("colour", "category", values=("red", "blue : dark", 'so "called"')),
        Field("member", "boolean", nullable=True),
        Field("since", "date", nullable=True),
        Field("seen", "datetime", nullable=True),
    ),
    "key",
)
DECODER, COLUMNS = RecordDecoder(SCHEMA), RecordDecoder(SCHEMA, column_rows=1)
GOOD = {
    "key": "A-1",
    "age": 30,
    "amount": 10.5,
    "rate": None,
    "colour": "blue : dark",
    "member": True,
    "since": "2024-01-31",
    "seen": "2024-01-31T12:00:00+02:00",
}


def slowly(body):
    """Return what the strict way makes of a body: tuples, or None when it refuses it."""
    try:
        records = parse_json(body)
        if not isinstance(records, list):
            records = [records]
        batch, findings = from_records(records, SCHEMA)
    except CrispMLError:
        return None
    if findings:
        return None
    return rows_of(batch)


def rows_of(batch):
    return list(zip(*(column.to_pylist() for column in batch.columns), strict=True))


def test_a_clean_record_is_accepted_with_plain_values():
    row = DECODER.one(json.dumps(GOOD).encode())
    assert [row] == slowly(json.dumps(GOOD).encode())
    assert row[:5] == ("A-1", 30, 10.5, None, "blue : dark")


def test_a_nullable_field_may_be_left_out():
    few = {name: GOOD[name] for name in ("key", "age", "amount", "colour")}
    assert DECODER.one(json.dumps(few).encode()) == (
        "A-1", 30, 10.5, None, "blue : dark", None, None, None,
    )  # fmt: skip


def test_many_records_are_columns_whose_categories_have_codes():
    few = {name: GOOD[name] for name in ("key", "age", "amount", "colour")}
    body = json.dumps([GOOD, few, {**GOOD, "key": "é", "colour": "red"}]).encode()
    batch = COLUMNS.many(body)
    assert rows_of(batch) == slowly(body) == DECODER.many(body)
    assert batch.schema.field("colour").type == TEXT_CODES
    assert batch.schema.field("colour").metadata == {TYPE_KEY: b"category"}
    assert isinstance(RecordDecoder(SCHEMA, column_rows=4).many(body), list)


def test_a_category_may_be_missing_and_have_more_values_than_a_byte():
    values = tuple(f"v{number}" for number in range(300))
    fields = (
        Field("key", "integer"),
        Field("few", "category", values=("a", "b"), nullable=True),
        Field("many", "category", values=values, nullable=True),
    )
    records = [
        {"key": 1, "few": "b", "many": "v299"},
        {"key": 2, "many": None},
        {"key": 3, "few": None, "many": "v256"},
    ]
    batch = RecordDecoder(RecordSchema(fields, "key"), 1).many(json.dumps(records).encode())
    assert rows_of(batch) == [(1, "b", "v299"), (2, None, None), (3, None, "v256")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"age": 30', b'"age": 30, "age": 31'),
        (b'"age": 30', b'"age": 30, "age" : 30'),
        (b'"rate": null', b'"rate": null, "rate"\n:1'),
        (b'"rate": null', b'"rate": 1, "rate"\t: 1'),
        (b"10.5", b"NaN"),
        (b"10.5", b"1e999"),
        (b"10.5", b"9" * 30),
        (b"10.5", b'"10.5"'),
        (b"30", b"17"),
        (b"30", b"100"),
        (b"30", b"30.5"),
        (b"30", b"true"),
        (b'"A-1"', b'" "'),
        (b'"A-1"', b'"A\\u0000"'),
        (b'"A-1"', b'"\\ud800"'),
        (b'"A-1"', b'"0123456789abc"'),
        (b'"A-1"', b"17"),
        (b"blue : dark", b"green"),
        (b"2024-01-31", b"2024-02-31"),
        (b'"key"', b'"target": 1, "key"'),
        (b'"key": "A-1",', b""),
        (b"{", b"[" * 10_000),
        (b"{", b"\xff"),
        (b"{", b"\xef\xbb\xbf{"),
        (b"}", b"} x"),
    ],
)
def test_what_is_not_surely_valid_is_left_to_the_explaining_way(old, new):
    body = json.dumps(GOOD).encode().replace(old, new, 1)
    assert slowly(body) is None
    assert DECODER.one(body) is None
    assert DECODER.many(b"[" + body + b"]") is None
    assert COLUMNS.many(b"[" + body + b"]") is None


def typed(rows):
    """Return values with their types: True is not 1."""
    return [[(type(value), value) for value in row] for row in rows]


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 120),
    st.integers(),
    st.floats(),
    st.sampled_from(["red", "blue : dark", 'so "called"', "A-1", "2024-01-31", "x : y", '":', ""]),
    st.text(max_size=14),
    st.datetimes().map(str),
    st.lists(st.integers(), max_size=1),
)
RECORDS = st.one_of(
    st.fixed_dictionaries({}, optional=dict.fromkeys(GOOD, VALUES)),
    st.builds(lambda name, value: {**GOOD, name: value}, st.sampled_from([*GOOD, "other"]), VALUES),
)


@pytest.mark.parametrize("decoder", [DECODER, COLUMNS])
def test_records_may_be_wrapped(decoder):
    body = json.dumps({"records": [GOOD, GOOD], "alias": "a : b"}).encode()
    found = decoder.wrapped(body)
    assert (found.alias, found.model_version) == ("a : b", None)
    rows = found.records if decoder is DECODER else rows_of(found.records)
    assert rows == slowly(json.dumps([GOOD, GOOD]).encode())


@pytest.mark.parametrize(
    "more",
    [
        '"alias": "a", "alias": "a"',
        '"alias": "a", "model_version": "v"',
        '"alias": ""',
        '"alias": 1',
        f'"alias": "{"a" * 129}"',
        '"other": 1',
        '"records": []',
    ],
)
def test_a_wrapping_in_doubt_is_left_to_the_explaining_way(more):
    body = f'{{"records": {json.dumps([GOOD])}, {more}}}'.encode()
    assert DECODER.wrapped(body) is None
    assert COLUMNS.wrapped(body) is None


@given(st.lists(RECORDS, max_size=3), st.booleans())
def test_no_body_is_accepted_that_the_strict_way_refuses_or_reads_otherwise(records, spaced):
    body = json.dumps(records, separators=None if spaced else (",", ":")).encode()
    fast, slow = DECODER.many(body), slowly(body)
    batch = COLUMNS.many(body) if records else None
    wrapped = DECODER.wrapped(b'{"records":' + body + b"}")
    assert (wrapped and wrapped.records) == fast
    if fast is not None:
        assert typed(fast) == typed(slow)
        assert batch is None if not records else typed(rows_of(batch)) == typed(slow)
    assert fast is not None or batch is None
    for record in records:
        one = DECODER.one(json.dumps(record).encode())
        if one is not None:
            assert typed([one]) == typed(slowly(json.dumps(record).encode()))
