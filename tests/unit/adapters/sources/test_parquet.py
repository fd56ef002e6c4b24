from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crispml_core.adapters.sources import parquet
from crispml_core.domain.errors import (
    InvalidInput,
    InvalidRecords,
    MalformedContent,
    StoreUnavailable,
)
from crispml_core.domain.expressions import parse
from crispml_core.domain.sources import ParquetSource


@pytest.fixture
def file(tmp_path: Path, toy_rows: Any) -> Path:
    path = tmp_path / "toy.parquet"
    pq.write_table(toy_rows(500), path, row_group_size=100)
    return path


def test_all_rows_come_in_order(read: Any, file: Path, toy_rows: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(parquet, "BATCH_ROWS", 30)
    assert read(ParquetSource(str(file))) == toy_rows(500).to_pylist()


def test_a_folder_is_read_file_by_file(read: Any, tmp_path: Path, toy_rows: Any) -> None:
    table = toy_rows(100)
    folder = tmp_path / "parts"
    folder.mkdir()
    for name, start in (("b.parquet", 50), ("a.parquet", 0)):
        pq.write_table(table.slice(start, 50), folder / name)
    assert read(ParquetSource(str(folder))) == table.to_pylist()


@pytest.mark.parametrize(
    "where", ["amount > 500", "items == 3 or channel == 'web'", "starts_with(order_id, 'O-0004')"]
)
def test_a_filter_picks_the_rows(read: Any, file: Path, toy_rows: Any, where: str) -> None:
    from crispml_core.domain.expressions import compile_scalar

    matches = compile_scalar(parse(where))
    wanted = [row for row in toy_rows(500).to_pylist() if matches(row)]
    assert read(ParquetSource(str(file)), where=parse(where)) == wanted


def test_row_groups_that_cannot_match_are_not_read(read: Any, file: Path, monkeypatch: Any) -> None:
    groups: list[int] = []
    original = pq.ParquetFile.iter_batches

    def spy(self: Any, *args: Any, **options: Any) -> Any:
        groups.extend(options["row_groups"])
        return original(self, *args, **options)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", spy)
    read(ParquetSource(str(file)), where=parse("order_id == 'O-000250' or order_id == 'O-000255'"))
    assert groups == [2]


def test_a_number_kept_as_text_is_filtered_as_a_number(
    read: Any, tmp_path: Path, toy_rows: Any
) -> None:
    table = toy_rows(50)
    text = table.cast(pa.schema([(name, pa.string()) for name in table.schema.names]))
    pq.write_table(text, tmp_path / "text.parquet")
    found = read(ParquetSource(str(tmp_path / "text.parquet")), where=parse("amount > 99.5"))
    assert found == [row for row in table.to_pylist() if row["amount"] > 99.5]


def test_limit_and_sample(read: Any, file: Path) -> None:
    source = ParquetSource(str(file))
    assert len(read(source, limit=123)) == 123
    sampled = read(source, sample=0.5, seed=3)
    assert read(source, sample=0.5, seed=3) == sampled
    assert 200 < len(sampled) < 300


def test_nan_in_a_field_that_is_not_nullable_is_refused(
    read: Any, tmp_path: Path, toy_rows: Any
) -> None:
    table = toy_rows(3)
    table = table.set_column(1, "amount", pa.array([1.0, float("nan"), 2.0]))
    pq.write_table(table, tmp_path / "nan.parquet")
    with pytest.raises(InvalidRecords, match="row 1: field amount must be finite"):
        read(ParquetSource(str(tmp_path / "nan.parquet")))


def test_an_extra_column_is_refused(read: Any, tmp_path: Path, toy_rows: Any) -> None:
    table = toy_rows(3).append_column("more", pa.array([1, 2, 3]))
    pq.write_table(table, tmp_path / "more.parquet")
    with pytest.raises(InvalidRecords, match="column number 7 is not a field"):
        read(ParquetSource(str(tmp_path / "more.parquet")))


def test_a_file_without_rows_is_an_empty_table(read: Any, tmp_path: Path, toy_rows: Any) -> None:
    pq.write_table(toy_rows(3).slice(0, 0), tmp_path / "empty.parquet")
    with pytest.raises(InvalidInput, match="no rows"):
        read(ParquetSource(str(tmp_path / "empty.parquet")))


def truncate(content: bytes) -> bytes:
    return content[: len(content) // 2]


def damage_page(content: bytes) -> bytes:
    return content[:100] + b"\xff" * 400 + content[500:]


@pytest.mark.parametrize(
    "damage", [truncate, damage_page, lambda _: b"", lambda _: b"order_id,amount\n"]
)
def test_what_is_not_parquet_is_refused(read: Any, file: Path, damage: Any) -> None:
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(MalformedContent, match="damaged, or is not Parquet"):
        read(ParquetSource(str(file)))


def test_text_that_is_not_utf8_is_refused(read: Any, tmp_path: Path, toy_rows: Any) -> None:
    offsets = pa.py_buffer(b"".join(n.to_bytes(4, "little") for n in (0, 1, 2, 3)))
    broken = pa.Array.from_buffers(pa.string(), 3, [None, offsets, pa.py_buffer(b"ab\xff")])
    pq.write_table(toy_rows(3).set_column(4, "note", broken), tmp_path / "broken.parquet")
    with pytest.raises(MalformedContent):
        read(ParquetSource(str(tmp_path / "broken.parquet")))


def test_a_file_that_is_not_there_is_unavailable(read: Any, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        read(ParquetSource(str(tmp_path / "absent.parquet")))
    assert str(tmp_path) not in caught.value.message
