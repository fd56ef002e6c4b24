"""Bodies that are not what they say, or more than they seem to be."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.errors import CrispMLError, InvalidInput, MalformedContent, TooLarge
from crispml_core.domain.fields import Field, RecordSchema
from crispml_core.rest.formats import arrow_body, parquet_body
from crispml_core.rest.formats.body import RecordBody
from crispml_core.rest.formats.media import ARROW, CSV, NDJSON, PARQUET

SCHEMA = RecordSchema((Field("key", "string"), Field("amount", "number")), "key")
TABLE = pa.table({"key": ["hunter2", "b", "c"], "amount": [1.0, 2.0, 3.0]})


def read(body: bytes, media: str, **limits: Any) -> list[dict[str, Any]]:
    limits = {"max_rows": 1000, "max_bytes": 10**7, **limits}
    batches = RecordBody(body, media, SCHEMA, **limits).batches()
    return [row for batch in batches for row in batch.to_pylist()]


def arrow(table: pa.Table = TABLE, compression: str | None = None) -> bytes:
    sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return sink.getvalue()


def parquet(table: pa.Table = TABLE) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


@pytest.mark.parametrize("media", [ARROW, PARQUET])
@pytest.mark.parametrize("body", [b"", b"PAR1", b"key,amount\na,1\n", b"\xff" * 100])
def test_bytes_that_are_no_table_are_refused(media: str, body: bytes) -> None:
    with pytest.raises(MalformedContent):
        read(body, media)


@given(data=st.data())
def test_a_damaged_table_is_refused_or_read_and_never_fails(data: st.DataObject) -> None:
    media, body = data.draw(st.sampled_from([(ARROW, arrow()), (PARQUET, parquet())]))
    damaged = bytearray(body)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(len(body) // 2, len(body)))
    with contextlib.suppress(CrispMLError):
        read(bytes(damaged[:end]), media)


def test_an_arrow_batch_that_grows_beyond_the_limit_is_refused_before_it_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(arrow_body, "MAX_MESSAGE_BYTES", 1 << 20)
    rows = 200_000
    table = pa.table({"key": ["a" * 20] * rows, "amount": [0.0] * rows})
    body = arrow(table, "zstd")
    assert len(body) < 1 << 20
    before = pa.total_allocated_bytes()
    peak = pa.default_memory_pool().max_memory()
    with pytest.raises(TooLarge, match="1 MiB"):
        read(body, ARROW, max_rows=10**6)
    assert pa.default_memory_pool().max_memory() <= max(peak, before + (1 << 20))


def test_a_compressed_arrow_stream_within_the_limit_is_read() -> None:
    for compression in ("zstd", "lz4"):
        assert read(arrow(compression=compression), ARROW) == TABLE.to_pylist()


def test_parquet_that_says_it_is_larger_than_the_limit_is_refused() -> None:
    rows = 100_000
    table = pa.table({"key": [f"{n}" for n in range(rows)], "amount": [0.0] * rows})
    with pytest.raises(TooLarge, match="100000 bytes"):
        read(parquet(table), PARQUET, max_rows=rows, max_bytes=100_000)


def test_a_parquet_page_that_grows_beyond_the_limit_is_refused_before_it_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parquet_body, "MAX_PAGE_BYTES", 1 << 20)
    wide = RecordSchema((*SCHEMA, Field("note", "string", max_length=0)), "key")
    for text in ("x" * (2 << 20), "y"):
        table = pa.table({"key": ["a", "b"], "amount": [1.0, 2.0], "note": [text, "z"]})
        sink = io.BytesIO()
        pq.write_table(table, sink, compression="zstd")
        assert len(sink.getvalue()) < 1 << 16
        before = pa.total_allocated_bytes()
        peak = pa.default_memory_pool().max_memory()
        with pytest.raises(InvalidInput) as caught:
            RecordBody(sink.getvalue(), PARQUET, wide, max_rows=9, max_bytes=10**8).count()
        assert isinstance(caught.value, TooLarge) == (len(text) > 1)
        assert pa.default_memory_pool().max_memory() <= max(peak, before + (1 << 20))


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd"])
def test_parquet_with_pages_of_every_kind_is_read(version: str, compression: str) -> None:
    rows = 5000
    keys = [f"{number % 700}" for number in range(rows)]
    table = pa.table({"key": keys, "amount": [float(number) for number in range(rows)]})
    for options in ({}, {"use_dictionary": False}, {"write_page_index": True}):
        sink = io.BytesIO()
        pq.write_table(
            table,
            sink,
            compression=compression,
            data_page_version=version,
            data_page_size=1000,
            row_group_size=1500,
            write_page_checksum=True,
            **options,
        )
        assert read(sink.getvalue(), PARQUET, max_rows=rows) == table.to_pylist()


def test_a_nested_column_is_a_finding() -> None:
    table = TABLE.set_column(1, "amount", pa.array([[1.0], [2.0], None]))
    for body, media in ((arrow(table), ARROW), (parquet(table), PARQUET)):
        with pytest.raises(InvalidInput, match="field amount must be a number"):
            read(body, media)


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary(7)])
def test_bytes_are_no_text(kind: pa.DataType) -> None:
    table = TABLE.set_column(0, "key", pa.array([b"hunter2"] * 3, kind))
    for body, media in ((arrow(table), ARROW), (parquet(table), PARQUET)):
        with pytest.raises(InvalidInput, match="field key must be text"):
            read(body, media)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_texts_of_every_arrow_type_are_read(kind: pa.DataType) -> None:
    table = TABLE.set_column(0, "key", TABLE["key"].cast(kind))
    for body, media in ((arrow(table), ARROW), (parquet(table), PARQUET)):
        assert read(body, media) == TABLE.to_pylist()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"key,amount\na,1\nhunter2\n", r"line 3 .* needs 2 fields"),
        (b"key,amount\na,1\nb,2,hunter2\n", r"line 3 .* needs 2 fields"),
        (b"key,amount\nhunter2\xff,1\n", "not UTF-8"),
        (b"k\xffey,amount\na,1\n", "not CSV in UTF-8"),
        (b"key,amount\nhunter2\0,1\n", "NUL"),
        (b"ke\0y,amount\na,1\n", "NUL"),
        (b"key;amount\nhunter2;1\n", "semicolons in it; separate the columns by commas"),
        (b"key\tamount\nhunter2\t1\n", "tabs in it"),
    ],
)
def test_what_is_wrong_with_a_csv_body_is_said_without_its_values(
    body: bytes, sentence: str
) -> None:
    with pytest.raises(MalformedContent, match=sentence) as caught:
        read(body, CSV)
    assert "hunter2" not in caught.value.message


def test_a_csv_row_without_an_end_is_too_large() -> None:
    with pytest.raises((TooLarge, MalformedContent)):
        read(b'key,amount\n"' + b"x" * (9 << 20), CSV)


def test_csv_may_have_a_mark_empty_lines_and_line_breaks_in_quotes() -> None:
    body = b'\xef\xbb\xbfkey,amount\r\n"a\nb",1\r\n\r\nc,2e0\r\n'
    assert read(body, CSV) == [{"key": "a\nb", "amount": 1.0}, {"key": "c", "amount": 2.0}]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b'{"key":"hunter2","amount":NaN}', "line 2 of the body: .*NaN"),
        (b'{"key":"hunter2","key":"b","amount":1}', "line 2 of the body: .*twice"),
        (b'{"key":"a:b","key":"hunter2:","amount":1}', "line 2 of the body: .*twice"),
        (b'{"key":"\\u003a","key":"hunter2","amount":1}', "line 2 of the body: .*twice"),
        (b'{"key" :"a","amount":1e999}', "line 2 of the body: .*too large"),
        (b'{"key":"hunter2"', "line 2 of the body: .*not JSON"),
        (b'{"key":"\xff","amount":1}', "line 2 of the body: .*UTF-8"),
        (b'{"key":"\\ud800","amount":1}', "line 2 of the body: .*surrogate"),
        (b"[" * 10_000, "line 2 of the body: .*deep"),
        (b'{"a":' * 10_000, "line 2 of the body: .*deep"),
    ],
)
def test_ndjson_is_as_strict_as_json_and_names_the_line(line: bytes, sentence: str) -> None:
    body = b'{"key":"a","amount":1}\n' + line + b'\n{"key":"c","amount":1}\n'
    with pytest.raises((MalformedContent, TooLarge), match=sentence) as caught:
        read(body, NDJSON)
    assert "hunter2" not in caught.value.message


@given(
    keys=st.lists(st.sampled_from(["key", "amount", "a:b", "c"]), min_size=1, max_size=4),
    text=st.text(st.sampled_from(':"\\a'), max_size=4),
)
def test_a_repeated_key_is_never_overlooked(keys: list[str], text: str) -> None:
    members = ", ".join(f"{json.dumps(key)} : {json.dumps(text)}" for key in keys)
    body = ("{" + members + "}").encode()
    with pytest.raises(CrispMLError) as caught:
        read(body, NDJSON)
    assert ("twice" in caught.value.message) == (len(set(keys)) != len(keys))


def test_ndjson_may_have_empty_lines_and_a_line_across_blocks() -> None:
    long = json.dumps({"key": "a", "amount": 1, "pad": "x" * (3 << 20)}).encode()
    with pytest.raises(InvalidInput, match="row 1: field number 3"):
        read(b'{"key":"a","amount":1}\n\n' + long, NDJSON)


def test_an_ndjson_line_of_any_length_is_not_kept() -> None:
    with pytest.raises(TooLarge, match="line 1"):
        read(b'{"key":"' + b"x" * (6 << 20), NDJSON)
