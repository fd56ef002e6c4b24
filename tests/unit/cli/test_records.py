from __future__ import annotations

import io

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.cli.records import chunks, read_rows, typed
from crispml_core.domain.fields import Field

FIELDS = {
    "age": Field("age", "integer"),
    "income": Field("income", "number"),
    "owner": Field("owner", "boolean"),
    "name": Field("name", "string"),
}


def read(text: str) -> list[dict]:
    return list(read_rows(io.StringIO(text), "records"))


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": 1}, {"a": 2}]',
        '{"records": [{"a": 1}, {"a": 2}]}',
        '\n {"a": 1}\n\n{"a": 2}\n',
        '\ufeff[{"a": 1}, {"a": 2}]',
    ],
)
def test_each_form_of_json_gives_the_same_records(text):
    assert read(text) == [{"a": 1}, {"a": 2}]


def test_one_json_object_is_one_record():
    assert read('{"a": 1}') == [{"a": 1}]


def test_csv_keeps_its_cells_as_text_with_quotes_and_line_breaks():
    assert read('\ufeffa,b\n"x, y","1\n2"\n,3\n') == [
        {"a": "x, y", "b": "1\n2"},
        {"a": "", "b": "3"},
    ]


@pytest.mark.parametrize("text", ["", " \n ", "a,b\n"])
def test_no_rows_are_no_error(text):
    assert read(text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1\n", "line 2 of the CSV has not as many cells as the header"),
        ("a,b\n1,2\n1,2,3\n", "line 3 of the CSV has not as many cells as the header"),
        ("a,a\n1,2\n", "names a column twice"),
        ("a;b\n1;2\n", "one column with semicolons in it"),
        ("a\tb\n1\t2\n", "one column with tabs in it"),
        ('a,b\n"1,2\n', "cannot be read"),
        ("[1, 2]", "list of objects"),
        ('{"a": }', "line 1"),
        ('{"a": 1}\nnothing\n', "one JSON object per line"),
    ],
)
def test_broken_input_is_named_by_line(text, said):
    with pytest.raises(click.ClickException, match=said):
        read(text)


def test_bytes_that_are_no_text_are_named():
    with pytest.raises(click.ClickException, match="not UTF-8"):
        list(read_rows(io.TextIOWrapper(io.BytesIO(b"a\n\xff\xfe\n"), "utf-8"), "records"))


def test_cells_become_the_type_of_their_field():
    row = {"age": "42", "income": "1e3", "owner": "True", "name": "1", "other": "2"}

    assert typed(row, FIELDS) == {
        "age": 42,
        "income": 1000.0,
        "owner": True,
        "name": "1",
        "other": "2",
    }


def test_gaps_become_missing_and_misfits_stay_for_the_service():
    assert typed({"age": "", "income": "NA", "owner": "maybe"}, FIELDS) == {
        "age": None,
        "income": None,
        "owner": "maybe",
    }
    assert typed({"age": "4.5", "income": "much"}, FIELDS) == {"age": "4.5", "income": "much"}


@given(st.lists(st.integers()), st.integers(1, 10))
def test_chunks_keep_order_and_size(items, size):
    found = list(chunks(items, size))

    assert [item for chunk in found for item in chunk] == items
    assert all(len(chunk) == size for chunk in found[:-1])
    assert all(found)


def test_a_whole_number_may_be_written_with_a_point():
    """As pandas writes a column of whole numbers that once had a gap."""
    fields = {"items": Field("items", "integer")}
    assert typed({"items": "2.0"}, fields) == {"items": 2}
    assert typed({"items": "2.5"}, fields) == {"items": "2.5"}
    assert typed({"items": "two"}, fields) == {"items": "two"}
