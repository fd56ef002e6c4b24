from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from crispml_core.adapters.sources import build_source
from crispml_core.adapters.sources.sql import streaming
from crispml_core.domain.errors import InvalidInput, InvalidRecords, StoreUnavailable
from crispml_core.domain.expressions import parse
from crispml_core.domain.sources import ParquetSource, Selection, SqlSource
from crispml_core.domain.use_case import UseCase


@pytest.fixture
def file(tmp_path: Path, toy_rows: Any) -> Iterator[Path]:
    path = tmp_path / "toy.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE orders (order_id, amount, items, channel, note, returned)")
    rows = [tuple(row.values()) for row in toy_rows(500).to_pylist()]
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    return path


def source(file: Path, query: str = "SELECT * FROM orders") -> SqlSource:
    return SqlSource(query, url=f"sqlite:///{file}")


def test_all_rows_come_in_partitions(
    read: Any, file: Path, toy_rows: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(streaming, "BATCH_ROWS", 64)
    assert read(source(file, "SELECT * FROM orders;")) == toy_rows(500).to_pylist()


def test_columns_that_are_not_declared_stay_in_the_database(read: Any, file: Path) -> None:
    query = "SELECT 7 AS seven, o.* FROM orders o WHERE note = 'as a gift' -- 12:30"
    assert set(read(source(file, query))[0]) == {
        "order_id",
        "amount",
        "items",
        "channel",
        "note",
        "returned",
    }


def test_filter_and_limit_are_pushed_into_the_database(
    toy: UseCase, read: Any, file: Path, toy_rows: Any, monkeypatch: Any
) -> None:
    statements: list[str] = []
    original = sa.Connection.execute

    def spy(self: Any, statement: Any, *args: Any, **options: Any) -> Any:
        statements.append(str(statement))
        return original(self, statement, *args, **options)

    monkeypatch.setattr(sa.Connection, "execute", spy)
    where = parse("amount / items > 99.5 and channel in ('web', 'shop')")
    found = read(source(file), where=where, limit=20)
    wanted = [
        row
        for row in toy_rows(500).to_pylist()
        if row["amount"] / row["items"] > 99.5 and row["channel"] != "phone"
    ]
    assert found == wanted[:20]
    assert "WHERE" in statements[-1]
    assert "LIMIT" in statements[-1]


def test_a_sample_has_the_records_that_a_file_would_give(
    read: Any, file: Path, toy_rows: Any, tmp_path: Path
) -> None:
    pq.write_table(toy_rows(500), tmp_path / "toy.parquet")
    found = read(source(file), sample=0.4, seed=7)
    assert 100 < len(found) < 300
    assert found == read(ParquetSource(str(tmp_path / "toy.parquet")), sample=0.4, seed=7)
    assert found != read(source(file), sample=0.4, seed=8)


def test_a_mixed_column_is_checked_value_by_value(read: Any, file: Path) -> None:
    query = "SELECT order_id, amount, iif(order_id = 'O-000007', 'many', items) AS items, channel"
    with pytest.raises(InvalidRecords, match="row 7: field items must be a whole number"):
        read(source(file, f"{query}, note, returned FROM orders"))


def test_a_missing_column_is_named(read: Any, file: Path) -> None:
    query = "SELECT order_id, amount AS amuont, items, channel, note, returned FROM orders"
    with pytest.raises(InvalidRecords, match="did you mean 'amount'"):
        read(source(file, query))


@pytest.mark.parametrize("query", ["SELECT * FROM orders WHERE 1 = 0"])
def test_a_query_without_rows_is_an_empty_table(read: Any, file: Path, query: str) -> None:
    with pytest.raises(InvalidInput, match="no rows"):
        read(source(file, query))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM absent WHERE name = 'hunter2'",
        "SELEKT",
        "DELETE FROM orders",
        "DELETE FROM orders RETURNING *",
        "INSERT INTO orders SELECT * FROM orders",
        "SELECT 1) AS source; DELETE FROM orders; SELECT * FROM (SELECT 1",
        "DROP TABLE orders",
        "PRAGMA user_version = 7",
    ],
)
def test_a_query_that_fails_or_writes_is_refused_and_changes_nothing(
    read: Any, file: Path, query: str
) -> None:
    before = file.read_bytes()
    with pytest.raises(InvalidInput) as caught:
        read(source(file, query))
    assert "hunter2" not in caught.value.message
    assert file.read_bytes() == before


def test_the_transaction_is_read_only(toy: UseCase, file: Path) -> None:
    reader = build_source(replace(toy, source=source(file)), {})
    with (
        pytest.raises(InvalidInput, match="would write"),
        reader.database.reading() as connection,
    ):
        connection.exec_driver_sql("DELETE FROM orders")


def test_a_file_that_is_not_there_is_not_made(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "absent.db"
    with pytest.raises(StoreUnavailable, match="does not exist"):
        read(source(path))
    assert not path.exists()


def test_a_locked_database_is_unavailable(read: Any, file: Path) -> None:
    writer = sqlite3.connect(file, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(StoreUnavailable, match="is locked"):
            read(SqlSource("SELECT * FROM orders", url=f"sqlite:///{file}?timeout=0.1"))
    finally:
        writer.close()


def test_a_file_that_is_no_database_is_unavailable(read: Any, file: Path) -> None:
    file.write_bytes(b"not a database, but long enough to be looked at " * 100)
    with pytest.raises(StoreUnavailable):
        read(source(file))


def test_a_connection_is_found_by_name(read: Any, file: Path) -> None:
    declared = SqlSource("SELECT * FROM orders", connection="dwh")
    assert len(read(declared, {"dwh": f"sqlite:///{file}"})) == 500
    with pytest.raises(InvalidInput, match="CRISPML_CONNECTIONS") as caught:
        read(declared, {"other": "sqlite:///secret.db"})
    assert "known: other" in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "no url at all:hunter2",
        "unknown://u:hunter2@host/db",
        "postgresql+psycopg://u:a@b:hunter2@host:port/db",
        "postgresql+psycopg://u@host:hunter2/db",
    ],
)
def test_a_url_that_cannot_be_used_is_not_repeated(read: Any, url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(SqlSource("SELECT 1", url=url))
    assert "hunter2" not in caught.value.message
    # Nor by what caused it, which a debugger or another log may print.
    assert caught.value.__cause__ is None


def test_a_filter_on_a_moment_is_refused(toy: UseCase, file: Path) -> None:
    from crispml_core.domain.fields import Field

    use_case = replace(toy, fields=(*toy.fields, Field("at", "datetime")), source=source(file))
    with pytest.raises(InvalidInput, match="where cannot read at"):
        build_source(use_case, {}).read(Selection(where=parse("at == '2024-01-01T00:00:00Z'")))


def test_values_of_a_driver_keep_their_types() -> None:
    from datetime import date
    from decimal import Decimal

    found = streaming.batch_of([(1, Decimal("1.5"), date(2024, 1, 1), None)], ["a", "b", "c", "d"])
    assert found.schema.types == [pa.int64(), pa.decimal128(2, 1), pa.date32(), pa.null()]
