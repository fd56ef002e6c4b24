"""What is wrong with a declared SQL source is said by the name of its setting."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crispml_core.adapters.sources import build_source
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.expressions import parse
from crispml_core.domain.sources import Selection, SqlJoin, SqlSource
from crispml_core.domain.use_case import UseCase


@pytest.fixture
def url(tmp_path: Path) -> str:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as database:
        database.executescript(
            """
            CREATE TABLE orders (order_id TEXT PRIMARY KEY, amount REAL, items INTEGER,
                                 channel TEXT, ordered_at TIMESTAMP, returned TEXT, shop INTEGER);
            CREATE TABLE shops (id INTEGER, place TEXT, open_since TIMESTAMP);
            CREATE TABLE visits (order_id TEXT, at TIMESTAMP, seconds INTEGER);
            INSERT INTO orders VALUES ('A', 10, 2, 'web', '2024-03-10 12:00:00', 'no', 1),
                                      ('B', 20, 1, 'shop', '2024-03-20T12:00:00Z', 'yes', 2);
            INSERT INTO shops VALUES (1, 'Bonn', NULL), (2, 'Köln', NULL), (3, 'Ulm', NULL);
            INSERT INTO visits VALUES ('A', '2024-03-10 11:59:59', 1), ('A', '2024-03-10', 2),
                                      ('A', '2024-03-10 13:00:00+01:00', 4),
                                      ('A', '2024-03-10 12:00:01', 8), ('A', '2024-02-09', 16),
                                      ('B', '2023-01-01', 32);
            """
        )
    return f"sqlite:///{path}"


@pytest.fixture
def read(toy: UseCase, url: str) -> Any:
    def run(selection: Selection | None = None, **declared: Any) -> list[dict[str, Any]]:
        columns = {"note": "channel"} | declared.pop("columns", {})
        table = declared.pop("table", "orders")
        source = SqlSource(url=url, table=table, columns=columns, **declared)
        reader = build_source(replace(toy, source=source), {})
        found = [batch.to_pylist() for batch in reader.read(selection or Selection())]
        return [row for rows in found for row in rows]

    return run


def test_a_table_that_is_not_there_is_named(read: Any) -> None:
    with pytest.raises(InvalidInput, match=r"table: the database has no table .*'orders'"):
        read(table="order")


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"columns": {"amuont": "amount"}}, "columns: amuont is not a field .*'amount'"),
        ({"columns": {"items": "itemz * 2"}}, "columns: items: there is no column itemz .*'items'"),
        ({"columns": {"items": "channel * 2"}}, "columns: items: .*needs a number"),
        ({"columns": {"items": "abs(ordered_at)"}}, "cannot read ordered_at"),
        ({"where": "amount"}, "where must be a condition"),
        ({"where": "amont > 1"}, "where: there is no column amont"),
        ({"group_by": "shop"}, "group_by: the record key order_id must be the column shop"),
        ({"group_by": "order_id"}, "with group_by amount must be an aggregate"),
    ],
)
def test_a_mistake_is_named_with_its_setting(read: Any, declared: Any, said: str) -> None:
    with pytest.raises(InvalidInput, match=f"source: {said}|{said}"):
        read(**declared)


@pytest.mark.parametrize(
    ("join", "said"),
    [
        ({"table": "shop"}, "joins 1: table: .*'shops'"),
        ({"on": {"shop": "ident"}}, "joins 1: on: shops has no column ident"),
        ({"on": {"shopp": "id"}}, "joins 1: on: there is no column shopp"),
        ({"on": {"channel": "id"}}, "joins 1: on: channel is a text and its counterpart a number"),
        ({"columns": {"items": "id"}}, "joins 1: columns: there is a column items already"),
        ({"where": "place"}, "joins 1: where must be a condition"),
        (
            {"columns": {"n": "count()"}, "as_of": "shop", "moment": "open_since"},
            "joins 1: as_of: the column shop is neither a date nor a moment",
        ),
    ],
)
def test_a_mistake_in_a_join_is_named_with_its_number(read: Any, join: Any, said: str) -> None:
    plain = {"table": "shops", "on": {"shop": "id"}, "columns": {"place": "place"}}
    with pytest.raises(InvalidInput, match=said):
        read(joins=[SqlJoin(**plain | join)])


def test_a_join_that_would_multiply_records_is_refused(read: Any, url: str) -> None:
    join = SqlJoin("shops", on={"shop": "id"}, columns={"place": "place"})
    assert [row["note"] for row in read(joins=[join], columns={"note": "place"})] == [
        "Bonn",
        "Köln",
    ]
    with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        database.execute("INSERT INTO shops VALUES (2, 'Kalk', NULL)")
    with pytest.raises(InvalidInput, match="joins 1: several rows of shops have the same id"):
        read(joins=[join])
    narrowed = replace(join, where="place != 'Kalk'")
    assert len(read(joins=[narrowed])) == 2


def test_an_aggregate_sees_what_was_known_before_the_moment_of_the_record(read: Any) -> None:
    join = SqlJoin(
        "visits",
        on="order_id",
        columns={"stayed": "sum(seconds)", "visits": "count()"},
        as_of="ordered_at",
        moment="at",
    )
    # Not 4 and 8: at the very moment, written with another zone, and after it.
    found = read(joins=[join], columns={"amount": "stayed", "items": "visits"})
    assert [(row["amount"], row["items"]) for row in found] == [(19, 3), (32, 1)]
    found = read(joins=[replace(join, days=30)], columns={"amount": "stayed", "items": "visits"})
    assert [(row["amount"], row["items"]) for row in found] == [(3, 2), (None, 0)]


def test_an_aggregate_without_a_moment_must_say_that_it_needs_none() -> None:
    with pytest.raises(InvalidInput, match="as_of and moment must say which rows were known"):
        SqlJoin("visits", on="order_id", columns={"visits": "count()"})
    SqlJoin("visits", on="order_id", columns={"visits": "count()"}, timeless=True)


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"query": "SELECT 1", "where": "a > 1"}, "belong to table"),
        ({"table": "t", "query": "SELECT 1"}, "either query or table"),
        ({"table": "t", "columns": {"a": "sum(b)"}}, "aggregates need group_by"),
        ({"table": "t", "columns": {"a": "last(b)"}, "group_by": "c"}, "name moment"),
        ({"table": "t", "columns": {"a": "sum()"}}, "sum needs what it aggregates"),
        ({"table": "t", "columns": {"a": "sum(b, c)"}}, "aggregates one expression"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused_at_once(declared: Any, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        SqlSource(url="sqlite://", **declared)


def test_a_column_may_have_a_name_that_means_something_in_python() -> None:
    assert repr(SqlSource(url="sqlite://", table="t", columns={"a": "class"}).outputs[0][1]) == (
        "class"
    )


def test_the_statement_is_told_without_values(toy: UseCase, url: str) -> None:
    source = SqlSource(
        url=url, table="orders", where="channel == 'hunter2'", columns={"note": "channel"}
    )
    told = build_source(replace(toy, source=source), {}).explain(
        Selection(where=parse("note != 'swordfish'"), sample=0.5, limit=3)
    )
    assert told is not None
    assert told.in_database == ("columns", "filter", "sample", "order", "limit")
    assert "hunter2" not in told.sql
    assert "swordfish" not in told.sql
    assert "ORDER BY" in told.sql
    query = SqlSource("SELECT *, 'x' AS note FROM orders WHERE channel = 'hunter2'", url=url)
    told = build_source(replace(toy, source=query), {}).explain(Selection())
    assert told is not None
    assert "hunter2" not in told.sql
    assert "FROM orders" in told.sql


def test_a_statement_that_takes_too_long_is_ended(toy: UseCase, url: str) -> None:
    endless = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e9)
        SELECT o.*, channel AS note FROM orders o WHERE amount < (SELECT count(*) FROM n)"""
    source = SqlSource(endless, url=url, timeout_s=0.2)
    with pytest.raises(InvalidInput, match="timeout_s"):
        list(build_source(replace(toy, source=source), {}).read(Selection()))


@pytest.mark.parametrize("days", [0, -1, True, 1.5, "7", "7 DAYS) OR (1 = 1", 36_501, 10**30])
def test_days_are_a_whole_number_that_every_database_can_reckon_with(days: Any) -> None:
    with pytest.raises(InvalidInput, match="days must be a whole number from 1 to 36500"):
        SqlJoin(
            "visits", on="order_id", columns={"n": "count()"}, as_of="a", moment="at", days=days
        )
