"""Bodies of records: the same rows in every format are the same records."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.errors import InvalidInput, InvalidRecords, TooLarge
from crispml_core.domain.fields import Field, RecordSchema
from crispml_core.rest.formats.body import RecordBody
from crispml_core.rest.formats.media import ARROW, CSV, NDJSON, PARQUET
from crispml_core.tables.batch_check import MAX_BATCH_ROWS
from crispml_core.tables.records import from_records
from crispml_core.tables.schema import arrow_type

FIELDS = (
    Field("key", "string", max_length=12),
    Field("amount", "number", minimum=0, maximum=1000),
    Field("items", "integer", minimum=1, maximum=2**53),
    Field("channel", "category", values=("shop", "web", "phone")),
    Field("paid", "boolean", nullable=True),
    Field("note", "string", nullable=True, max_length=8),
    Field("since", "date", nullable=True),
    Field("seen", "datetime", nullable=True),
)
SCHEMA = RecordSchema(FIELDS, "key")
Row = dict[str, Any]


def as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def as_table(rows: Sequence[Row], *, coded: bool = False) -> pa.Table:
    columns = {}
    for field in FIELDS:
        column = pa.array([row[field.name] for row in rows], arrow_type(field))
        columns[field.name] = column.dictionary_encode() if coded and is_text(field) else column
    return pa.table(columns)


def is_text(field: Field) -> bool:
    return field.type in ("category", "string")


def to_arrow(table: pa.Table, chunk: int | None = None, compression: str | None = None) -> bytes:
    sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=chunk)
    return sink.getvalue()


def to_parquet(table: pa.Table, chunk: int | None = None) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=chunk)
    return sink.getvalue()


def to_ndjson(rows: Sequence[Row]) -> bytes:
    lines = [json.dumps({name: as_json(value) for name, value in row.items()}) for row in rows]
    return "\n".join(lines).encode()


def to_csv(rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([field.name for field in FIELDS])
    for row in rows:
        values = [as_json(row[field.name]) for field in FIELDS]
        writer.writerow(["" if value is None else value for value in values])
    return text.getvalue().encode()


BODIES: dict[str, tuple[str, Callable[[Sequence[Row]], bytes]]] = {
    "csv": (CSV, to_csv),
    "ndjson": (NDJSON, to_ndjson),
    "parquet": (PARQUET, lambda rows: to_parquet(as_table(rows))),
    "parquet, coded": (PARQUET, lambda rows: to_parquet(as_table(rows, coded=True))),
    "arrow": (ARROW, lambda rows: to_arrow(as_table(rows))),
    "arrow, coded": (ARROW, lambda rows: to_arrow(as_table(rows, coded=True))),
    "arrow, in pieces": (ARROW, lambda rows: to_arrow(as_table(rows), 2, "zstd")),
}


def row(number: int = 0, **changes: Any) -> Row:
    return {
        "key": f"K-{number}",
        "amount": 10.5,
        "items": 2,
        "channel": "web",
        "paid": True,
        "note": None,
        "since": date(2024, 2, 29),
        "seen": datetime(2024, 2, 29, 12, 30, tzinfo=UTC),
        **changes,
    }


def read(body: bytes, media: str, **limits: Any) -> list[pa.RecordBatch]:
    limits = {"max_rows": 1000, "max_bytes": 10**8, **limits}
    return list(RecordBody(body, media, SCHEMA, "returned", **limits).batches())


def values_of(batches: Sequence[pa.RecordBatch]) -> list[Row]:
    return [found for batch in batches for found in batch.to_pylist()]


def findings_of(body: bytes, media: str) -> list[tuple[Any, ...]]:
    with pytest.raises(InvalidRecords) as caught:
        read(body, media)
    return [(each.row, each.field, each.rule) for each in caught.value.problems]


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1, max_size=10)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "key": st.one_of(st.none(), TEXT.map(lambda text: f"K{text}"), st.just(" ")),
            "amount": st.one_of(st.none(), st.floats(-1, 1001), st.just(1000.0)),
            "items": st.one_of(st.none(), st.integers(-1, 3), st.integers(2**53 - 1, 2**53 + 1)),
            "channel": st.sampled_from(["shop", "web", "phone", "fax", None]),
            "paid": st.sampled_from([True, False, None]),
            "note": st.one_of(st.none(), TEXT),
            "since": st.one_of(st.none(), st.dates(date(1900, 1, 1), date(2100, 1, 1))),
            "seen": st.one_of(
                st.none(),
                st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
            ),
        }
    ),
    min_size=1,
    max_size=6,
)


def without_nul(text: str | None) -> str | None:
    return None if text is None else text.replace("\0", "0")


@pytest.mark.parametrize("name", BODIES)
@given(rows=ROWS)
def test_the_same_rows_give_the_same_values_or_findings_in_every_format(
    name: str, rows: list[Row]
) -> None:
    if name == "csv":
        # A text with a NUL is none, so such a body is refused as a whole.
        for each in rows:
            each.update(key=without_nul(each["key"]), note=without_nul(each["note"]))
    records = [{field: as_json(value) for field, value in each.items()} for each in rows]
    expected, findings = from_records(records, SCHEMA, target="returned")
    media, write = BODIES[name]
    if findings:
        wanted = [(each.row, each.field, each.rule) for each in findings.problems]
        assert findings_of(write(rows), media) == wanted
    else:
        assert values_of(read(write(rows), media)) == expected.to_pylist()


@pytest.mark.parametrize("name", BODIES)
def test_rows_are_counted_over_the_whole_body(name: str) -> None:
    media, write = BODIES[name]
    rows = [row(number) for number in range(9)]
    rows[1]["amount"], rows[8]["channel"] = -1.0, "fax"
    assert findings_of(write(rows), media) == [(1, "amount", "range"), (8, "channel", "category")]


@pytest.mark.parametrize("name", BODIES)
def test_a_refused_body_says_no_value(name: str) -> None:
    media, write = BODIES[name]
    with pytest.raises(InvalidRecords) as caught:
        read(write([row(channel="hunter2")]), media)
    assert "hunter2" not in str(caught.value.problems)


@pytest.mark.parametrize("name", BODIES)
def test_a_body_can_be_checked_first_and_read_again(name: str) -> None:
    media, write = BODIES[name]
    content = write([row(number) for number in range(5)])
    body = RecordBody(content, media, SCHEMA, max_rows=10, max_bytes=10**6)
    assert body.count() == 5
    assert values_of(list(body.batches())) == [row(number) for number in range(5)]


@pytest.mark.parametrize("name", BODIES)
def test_a_body_from_a_file_is_read_like_one_from_memory(name: str, tmp_path: Path) -> None:
    media, write = BODIES[name]
    path = tmp_path / "body"
    path.write_bytes(write([row()]))
    with path.open("rb") as file:
        body = RecordBody(file, media, SCHEMA, max_rows=10, max_bytes=10**6)
        assert body.count() == 1
        assert values_of(list(body.batches())) == [row()]


@pytest.mark.parametrize("name", BODIES)
def test_more_rows_than_allowed_are_refused(name: str) -> None:
    media, write = BODIES[name]
    with pytest.raises(TooLarge, match="at most 3"):
        read(write([row(number) for number in range(4)]), media, max_rows=3)


@pytest.mark.parametrize("name", [name for name in BODIES if name != "ndjson"])
def test_a_body_without_rows_is_refused(name: str) -> None:
    media, write = BODIES[name]
    with pytest.raises(InvalidInput, match="at least one"):
        read(write([]), media)


def table_bodies(table: pa.Table) -> list[tuple[bytes, str]]:
    text = io.BytesIO()
    pa_csv.write_csv(table, text)
    return [(to_arrow(table), ARROW), (to_parquet(table), PARQUET), (text.getvalue(), CSV)]


def test_missing_unknown_and_target_columns_are_findings_of_the_whole_table() -> None:
    table = as_table([row()]).drop_columns(["amount"])
    table = table.append_column("amout", pa.array([1.0]))
    table = table.append_column("returned", pa.array(["yes"]))
    for body, media in table_bodies(table):
        assert findings_of(body, media) == [
            (None, None, "unknown_column"),
            (None, "returned", "target_in_request"),
            (None, "amount", "missing_column"),
        ]


def test_a_nullable_column_may_be_left_out() -> None:
    table = as_table([row()]).drop_columns(["note", "since"])
    for body, media in table_bodies(table):
        assert values_of(read(body, media)) == [row(since=None)]


def test_a_repeated_column_is_a_finding() -> None:
    table = as_table([row()])
    table = table.append_column("amount", table["amount"])
    assert findings_of(to_arrow(table), ARROW) == [(None, "amount", "duplicate_column")]


def test_an_ndjson_body_names_unknown_fields_and_the_target_by_row() -> None:
    body = to_ndjson([row(), row(1, returned="yes"), row(2, other=1)])
    assert findings_of(body, NDJSON) == [
        (1, "returned", "target_in_request"),
        (2, None, "unknown_field"),
    ]


def test_texts_that_came_coded_stay_coded() -> None:
    (batch,) = read(to_arrow(as_table([row()], coded=True)), ARROW)
    kinds = {field.name: field.type for field in batch.schema}
    assert kinds["channel"] == pa.dictionary(pa.int32(), pa.string())
    assert kinds["amount"] == pa.float64()


def test_a_dictionary_with_an_unused_refused_entry_is_fine() -> None:
    column = pa.DictionaryArray.from_arrays([1, 0], ["web", "shop", "fax"])
    table = as_table([row(), row(1)])
    table = table.set_column(3, "channel", column)
    assert [each["channel"] for each in values_of(read(to_arrow(table), ARROW))] == ["shop", "web"]


def test_all_batches_of_a_body_have_one_schema() -> None:
    """The second one is not accepted at once, because its dictionary holds a refused text."""
    first = as_table([row(), row(1)], coded=True)
    column = pa.DictionaryArray.from_arrays(pa.array([1, 1]), ["fax", "shop"])
    second = first.set_column(3, "channel", column)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, first.schema) as writer:
        writer.write_table(first)
        writer.write_table(second.cast(first.schema))
    one, other = read(sink.getvalue(), ARROW)
    assert one.schema.equals(other.schema)
    assert [each["channel"] for each in values_of([one, other])] == ["web"] * 2 + ["shop"] * 2


@pytest.mark.parametrize("name", ["key", "note"])
def test_a_long_text_that_many_rows_share_is_not_repeated_in_memory(name: str) -> None:
    """A gigabyte, if each row had its own."""
    rows = 10_000
    long = pa.DictionaryArray.from_arrays(pa.array([0] * rows), ["x" * 100_000])
    table = as_table([row(number) for number in range(rows)])
    table = table.set_column(table.schema.get_field_index(name), name, long)
    plain = io.BytesIO()
    pq.write_table(table, plain, store_schema=False)
    large = io.BytesIO()
    coded = table[name].cast(pa.dictionary(pa.int64(), pa.large_string()))
    pq.write_table(
        pa.table({**dict(zip(table.column_names, table.columns, strict=True)), name: coded}), large
    )
    bodies = [(to_arrow(table), ARROW), (to_parquet(table), PARQUET)]
    bodies += [(plain.getvalue(), PARQUET), (large.getvalue(), PARQUET)]
    before = pa.total_allocated_bytes()
    pool = pa.default_memory_pool()
    for body, media in bodies:
        with pytest.raises(InvalidRecords) as caught:
            read(body, media, max_rows=rows)
        assert caught.value.total == rows
    assert pool.max_memory() - before < 200_000_000


def test_numbers_of_another_width_are_taken() -> None:
    table = as_table([row()])
    table = table.set_column(1, "amount", pa.array([10.5], pa.float32()))
    table = table.set_column(2, "items", pa.array([2], pa.uint8()))
    assert values_of(read(to_arrow(table), ARROW)) == [row()]


def test_a_large_table_comes_in_batches_of_bounded_size() -> None:
    rows = 2 * MAX_BATCH_ROWS + 1
    table = pa.table(
        {
            "key": pa.array([f"K-{number}" for number in range(rows)]),
            "amount": pa.array([1.0] * rows),
            "items": pa.array([1] * rows),
            "channel": pa.array(["web"] * rows),
        }
    )
    for body, media in ((to_arrow(table), ARROW), (to_parquet(table), PARQUET)):
        sizes = [len(batch) for batch in read(body, media, max_rows=rows)]
        assert sizes == [MAX_BATCH_ROWS, MAX_BATCH_ROWS, 1]
