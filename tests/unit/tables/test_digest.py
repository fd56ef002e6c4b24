from __future__ import annotations

import hashlib
from datetime import UTC
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crispml_core.tables.digest import ContentDigest, row_digests

SCHEMA = pa.schema(
    [
        ("i", pa.int64()),
        ("f", pa.float64()),
        ("s", pa.string()),
        ("b", pa.bool_()),
        ("d", pa.date32()),
        ("t", pa.timestamp("us", "UTC")),
    ]
)
TABLES = st.lists(
    st.fixed_dictionaries(
        {
            "i": st.none() | st.integers(-(2**63), 2**63 - 1),
            "f": st.none() | st.floats(),
            "s": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
            "b": st.none() | st.booleans(),
            "d": st.none() | st.dates(),
            "t": st.none() | st.datetimes(timezones=st.just(UTC)),
        }
    ),
    min_size=1,
    max_size=12,
).map(lambda rows: pa.Table.from_pylist(rows, schema=SCHEMA))
QUICK = settings(max_examples=60, deadline=None)


def digest(table: pa.Table, chunk: int = 100) -> str:
    result = ContentDigest()
    for batch in table.combine_chunks().to_batches(max_chunksize=chunk):
        result.update(batch)
    return result.hexdigest()


@QUICK
@given(TABLES, st.integers(1, 12))
def test_chunks_do_not_matter(table: pa.Table, chunk: int) -> None:
    assert digest(table, chunk) == digest(table)


@QUICK
@given(TABLES, st.integers(1, 12))
def test_encodings_do_not_matter(table: pa.Table, chunk: int) -> None:
    text = table.column("s")
    encodings = (
        text.dictionary_encode(),
        text.cast(pa.large_string()),
        text.cast(pa.string_view()),
    )
    for encoded in encodings:
        assert digest(table.set_column(2, "s", encoded), chunk) == digest(table)


@QUICK
@given(TABLES, st.data())
def test_one_changed_cell_changes_it(table: pa.Table, data: st.DataObject) -> None:
    row = data.draw(st.integers(0, table.num_rows - 1))
    name = data.draw(st.sampled_from(SCHEMA.names))
    rows = table.to_pylist()
    old = rows[row][name]
    rows[row][name] = None if old is not None else {"s": "", "b": False}.get(name, 0)
    assert digest(pa.Table.from_pylist(rows, schema=SCHEMA)) != digest(table)


@QUICK
@given(TABLES.filter(lambda table: table.num_rows > 1))
def test_swapped_rows_change_it_unless_they_are_equal(table: pa.Table) -> None:
    order = [1, 0, *range(2, table.num_rows)]
    swapped = table.take(order)
    equal = row_digests(table.slice(0, 1).to_batches()[0]) == row_digests(
        table.slice(1, 1).to_batches()[0]
    )
    # NaN and infinities have one digest in a row, and several in a column.
    if not equal:
        assert digest(swapped) != digest(table)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": ["ab", "c"]}, {"a": ["a", "bc"]}),
        ({"a": ["", None]}, {"a": [None, ""]}),
        ({"a": [1]}, {"b": [1]}),
        ({"a": [1]}, {"a": [1.0]}),
        ({"a": [0]}, {"a": pa.nulls(1, pa.int64())}),
        ({"a": [1], "b": [1]}, {"b": [1], "a": [1]}),
        ({"a": [1]}, {"a": [1, 1]}),
        ({"a": [0.0]}, {"a": [-0.0]}),
    ],
)
def test_tables_that_look_alike_differ(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert digest(pa.table(one)) != digest(pa.table(other))


def test_what_lies_under_a_missing_value_does_not_matter() -> None:
    hidden = pa.Array.from_buffers(
        pa.int64(), 2, [pa.py_buffer(b"\x01"), pa.py_buffer(bytes(8) + b"\xff" * 8)]
    )
    assert hidden.to_pylist() == [0, None]
    assert digest(pa.table({"a": hidden})) == digest(pa.table({"a": [0, None]}))


def test_the_layout_is_the_documented_one() -> None:
    table = pa.table({"a": pa.array([1, None]), "s": ["x", "yz"]})

    def integer(value: int) -> bytes:
        return value.to_bytes(8, "little")

    def sha(content: bytes) -> bytes:
        return hashlib.sha256(content).digest()

    def head(name: bytes, kind: bytes) -> bytes:
        return integer(len(name)) + name + integer(len(kind)) + kind + integer(2)

    a = sha(head(b"a", b"int64") + sha(b"\1\0") + sha(integer(1) + integer(0)))
    s = sha(head(b"s", b"string") + sha(b"\1\1") + sha(integer(1) + integer(2)) + sha(b"xyz"))
    assert digest(table) == sha(integer(2) + integer(2) + a + s).hex()


def test_columns_carry_their_own_digest() -> None:
    result = ContentDigest()
    result.update(pa.record_batch({"a": [1], "b": ["x"]}))
    first, second = result.columns
    assert (first.name, first.type, second.name, second.type) == ("a", "int64", "b", "string")
    assert len({first.digest, second.digest, result.hexdigest()}) == 3


def test_other_columns_in_a_later_batch_are_refused() -> None:
    result = ContentDigest()
    result.update(pa.record_batch({"a": [1]}))
    with pytest.raises(ValueError, match="columns of the first"):
        result.update(pa.record_batch({"a": ["1"]}))


def test_a_row_has_the_documented_digest_in_any_batch_and_column_order() -> None:
    batch = pa.record_batch({"s": ["ß", "y"], "a": [1.0, float("nan")]})
    digests = row_digests(batch)
    assert digests[:32] == hashlib.sha256(b'{"a":1.0,"s":"\\u00df"}').digest()
    assert digests[32:] == hashlib.sha256(b'{"a":null,"s":"y"}').digest()
    assert row_digests(batch.slice(1).select(["a", "s"])) == digests[32:]


def test_rows_without_columns_have_a_digest_each() -> None:
    batch = pa.record_batch({"a": [1, 2]}).select([])
    assert len(row_digests(batch)) == 64
