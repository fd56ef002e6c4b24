from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest

from crispml_core.adapters.sources import build_source, csv
from crispml_core.domain.errors import (
    InvalidInput,
    InvalidRecords,
    MalformedContent,
    StoreUnavailable,
)
from crispml_core.domain.expressions import parse
from crispml_core.domain.sources import CsvSource, Selection
from crispml_core.domain.use_case import UseCase

HEADER = b"order_id,amount,items,channel,note,returned\n"
ROWS = b"A,1.5,1,shop,,no\nB,2.5,2,web,hello,yes\n"


@pytest.fixture
def file(tmp_path: Path, toy_rows: Any) -> str:
    path = str(tmp_path / "toy.csv")
    pa_csv.write_csv(toy_rows(500), path)
    return path


def test_all_rows_come_in_order(read: Any, file: str, toy_rows: Any) -> None:
    assert read(CsvSource(file)) == toy_rows(500).to_pylist()


def test_a_selection_picks_typed_values(read: Any, file: str, toy_rows: Any) -> None:
    found = read(CsvSource(file), where=parse("amount > 99.5 and channel == 'web'"), limit=10)
    wanted = [r for r in toy_rows(500).to_pylist() if r["amount"] > 99.5 and r["channel"] == "web"]
    assert found == wanted[:10]


def test_a_filter_may_read_the_target(read: Any, file: str) -> None:
    with pytest.raises(InvalidInput, match="two classes"):
        read(CsvSource(file), where=parse("returned == 'yes'"))


def test_a_sample_is_the_same_every_time_and_another_with_another_seed(
    read: Any, file: str
) -> None:
    first = read(CsvSource(file), sample=0.3, seed=1)
    assert first == read(CsvSource(file), sample=0.3, seed=1)
    assert first != read(CsvSource(file), sample=0.3, seed=2)
    assert 100 < len(first) < 200


def test_a_row_that_the_filter_cannot_read_is_not_hidden_by_it(read: Any, content: Any) -> None:
    path = content(HEADER + ROWS + b"C,lots,1,shop,,no\n")
    with pytest.raises(InvalidRecords, match="field amount must be a number"):
        read(CsvSource(path), where=parse("amount > 1"))


@pytest.mark.parametrize(
    "text",
    [
        HEADER + ROWS,
        b"\xef\xbb\xbf" + HEADER + ROWS,
        b"\n" + HEADER + b"\n" + ROWS + b"\n\n",
        (HEADER + ROWS).replace(b"\n", b"\r\n"),
        (HEADER + ROWS).removesuffix(b"\n"),
        (HEADER + ROWS).replace(b"shop", b'"shop"').replace(b"order_id", b'"order_id"'),
    ],
    ids=["plain", "byte order mark", "empty lines", "CRLF", "no last newline", "quotes"],
)
def test_the_usual_dialects_are_read(read: Any, content: Any, text: bytes) -> None:
    assert [row["note"] for row in read(CsvSource(content(text)))] == [None, "hello"]


def test_delimiter_and_missing_texts_are_declared(read: Any, content: Any) -> None:
    text = (HEADER + ROWS).replace(b",", b";").replace(b"hello", b"-")
    source = CsvSource(content(text), delimiter=";", missing=("", "-"))
    assert [row["note"] for row in read(source)] == [None, None]


def test_a_quoted_field_may_hold_lines(read: Any, content: Any) -> None:
    text = HEADER + ROWS.replace(b"hello", b'"one\ntwo, ""three"""')
    assert read(CsvSource(content(text)))[1]["note"] == 'one\ntwo, "three"'


def test_everything_is_read_in_blocks(
    read: Any, file: str, toy_rows: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(csv, "BLOCK_BYTES", 2000)
    assert read(CsvSource(file)) == toy_rows(500).to_pylist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "the CSV file is empty"),
        (b"\n\n", "the CSV file is empty"),
        (HEADER + ROWS + b"C,1,1,shop\n", "line 4 of the CSV file has 4 columns instead of 6"),
        (HEADER + b"A,1,1,shop,,no,7\n", "line 2 of the CSV file has 7 columns instead of 6"),
        (HEADER + ROWS + b"C,1,1,shop,\xff\xfe,no\n", "line 4 of the CSV file is not UTF-8"),
        (HEADER.replace(b"note", b"n\xf6te") + ROWS, "line 1 of the CSV file is not UTF-8"),
        ("order_id,ä\n".encode("utf-16"), "line 1 of the CSV file"),
        (HEADER + ROWS + b"C,1,1,shop,a\0b,no\n", "line 4 of the CSV file holds a NUL"),
        (HEADER + b'A,1,1,shop,"open,no\n' + ROWS, "line 2 of the CSV file"),
        (b"PAR1\x15\x04\x15\0\x9f", "line 1 of the CSV file"),
    ],
)
def test_a_file_that_is_no_csv_is_refused_by_line(
    read: Any, content: Any, text: bytes, message: str
) -> None:
    with pytest.raises(MalformedContent, match=message):
        read(CsvSource(content(text)))


def test_a_row_beyond_all_measure_is_refused(read: Any, content: Any) -> None:
    text = HEADER + b"A,1,1,shop," + b"x" * (2 * csv.BLOCK_BYTES) + b",no\n"
    with pytest.raises(MalformedContent, match="line 2 of the CSV file is longer than 4 MiB"):
        read(CsvSource(content(text)))


def test_a_header_that_repeats_a_column_is_refused(read: Any, content: Any) -> None:
    text = HEADER.replace(b"note", b"amount") + ROWS
    with pytest.raises(InvalidRecords) as caught:
        read(CsvSource(content(text)))
    assert {problem.rule for problem in caught.value.problems} == {
        "duplicate_column",
        "missing_column",
    }


@pytest.mark.parametrize(
    ("mark", "delimiter", "name"), [(b";", ",", "semicolons"), (b",", ";", "commas")]
)
def test_a_file_with_another_delimiter_is_refused_as_such(
    read: Any, content: Any, mark: bytes, delimiter: str, name: str
) -> None:
    text = (HEADER + ROWS).replace(b",", mark)
    with pytest.raises(MalformedContent, match=f"one column with {name} in it.*another delimiter"):
        read(CsvSource(content(text), delimiter))


@pytest.mark.parametrize("text", [HEADER, HEADER.removesuffix(b"\n"), HEADER + b"\n\n"])
def test_a_header_alone_is_an_empty_table(read: Any, content: Any, text: bytes) -> None:
    with pytest.raises(InvalidInput, match="no rows"):
        read(CsvSource(content(text)))


def test_the_columns_of_a_header_alone_are_checked(read: Any, content: Any) -> None:
    with pytest.raises(InvalidRecords, match="column amount is missing"):
        read(CsvSource(content(HEADER.replace(b"amount,", b""))))


def test_a_file_that_is_not_there_is_unavailable(read: Any, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="No such file") as caught:
        read(CsvSource(str(tmp_path / "absent.csv")))
    assert str(tmp_path) not in caught.value.message


def test_a_folder_is_unavailable(read: Any, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        read(CsvSource(str(tmp_path)))


def test_a_delimiter_is_one_character(read: Any) -> None:
    with pytest.raises(InvalidInput, match="delimiter"):
        read(CsvSource("x.csv", delimiter="||"))


def test_the_file_is_closed_when_reading_stops_early(
    toy: UseCase, file: str, recwarn: Callable[..., Any]
) -> None:
    batches = build_source(replace(toy, source=CsvSource(file)), {}).read(Selection())
    assert next(iter(batches)).schema.types == [pa.string()] * 6
    del batches
    assert not list(recwarn)
