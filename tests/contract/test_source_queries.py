"""Queries of an author, word for word, in every database that a source may be."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import nullcontext, suppress
from typing import Any

import pytest
import sqlalchemy as sa

from crispml_core.adapters.sources.sql.source import SqlRecordSource
from crispml_core.adapters.sources.sql.unlabelled import UnlabelledSqlSource
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.sources import Selection, SqlSource
from tests import servers
from tests.contract.source_world import fill, url

__all__ = ["url"]

COLUMNS = ("id", "region", "age", "charge", "score", "city", "noted", "label")


def customer(id_: str, **values: Any) -> dict[str, Any]:
    return dict.fromkeys(COLUMNS) | {"id": id_, "label": "no"} | values


def fill_customers(url: str, *customers: dict[str, Any]) -> None:
    fill(url, {"md_customers": list(customers), "md_regions": [], "md_events": []})


def asked(toy: Any, url: str, query: str) -> list[tuple[Any, ...]]:
    batches = UnlabelledSqlSource(toy, SqlSource(query, url=url), url).read(Selection())
    return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]


def test_a_percent_sign_is_what_it_says(toy: Any, url: str) -> None:
    fill_customers(
        url, customer("C-1", city="5%"), customer("C-2", city="5%%"), customer("C-3", city="5")
    )
    query = "SELECT id, city FROM md_customers WHERE city = '5%'"
    assert asked(toy, url, query) == [("C-1", "5%")]
    query = "SELECT id, city FROM md_customers WHERE city LIKE '5%' ORDER BY id"
    assert [key for key, _ in asked(toy, url, query)] == ["C-1", "C-2", "C-3"]


def test_a_missing_value_is_a_row_also_where_it_is_the_only_column(toy: Any, url: str) -> None:
    fill_customers(url, customer("C-1"), customer("C-2", city="a"), customer("C-3"))
    rows = asked(toy, url, "SELECT city FROM md_customers ORDER BY id")
    assert rows == [(None,), ("a",), (None,)]


@pytest.mark.parametrize(
    "written",
    [
        "'Meier'",
        "'O''Meier'",
        "'Mei--er'",
        "'/* Meier'",
        "4711",
        "4711.5",
        "47.11e3",
        "(1) -- Meier 4711",
        "/* Meier\n 4711 */ 1",
    ],
)
def test_a_statement_is_shown_without_what_an_author_wrote_into_it(
    toy: Any, url: str, written: str
) -> None:
    check_shown(toy, url, written)


@pytest.mark.server
@pytest.mark.database("postgresql")
@pytest.mark.parametrize("written", ["$$Meier$$", "$a$Mei$$er$a$", r"E'\\' || E'\'Meier'"])
def test_nor_is_a_text_that_only_postgresql_writes_so_shown(toy: Any, written: str) -> None:
    check_shown(toy, servers.own_database("sources"), written)


def check_shown(toy: Any, url: str, written: str) -> None:
    fill_customers(url)
    query = f"SELECT id, city AS \"it's 'Meyer'\", {written}\nAS seen FROM md_customers"
    shown = SqlRecordSource(toy, SqlSource(query, url=url), url).explain(Selection()).sql
    for secret in ("Mei", "47"):
        assert secret not in shown
    assert "AS \"it's 'Meyer'\"" in shown
    assert "AS seen FROM md_customers" in shown


_KILLED = """
import sys
from crispml_core.adapters.sources.sql.session import SourceDatabase

with SourceDatabase("orders", sys.argv[1], 60.0).reading() as connection:
    print("asks", flush=True)
    asked = "SELECT count(*) AS killed_reader FROM generate_series(1, 10000000000)"
    connection.exec_driver_sql(asked)
"""


@pytest.mark.server
def test_a_killed_reader_leaves_no_statement_behind() -> None:
    url = servers.own_database("sources")
    engine = sa.create_engine(url)
    running = sa.text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE state = 'active' AND query LIKE '%killed_' || 'reader%'"
    )

    def wait_for(number: int) -> bool:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for _ in range(150):
                if connection.execute(running).scalar() == number:
                    return True
                time.sleep(0.1)
        return False

    with subprocess.Popen([sys.executable, "-c", _KILLED, url], stdout=subprocess.PIPE) as reader:
        try:
            assert reader.stdout is not None
            assert reader.stdout.readline() == b"asks\n"
            assert wait_for(1)
        finally:
            reader.kill()
    try:
        assert wait_for(0), "the database still works for a process that is gone"
    finally:
        engine.dispose()


WRITING = [
    "DELETE FROM md_customers",
    "UPDATE md_customers SET city = 'x'",
    "INSERT INTO md_customers (id, \"label\") VALUES ('C-9', 'no')",
    "DROP TABLE md_customers",
    "WITH gone AS (DELETE FROM md_customers RETURNING id, city) SELECT id, city FROM gone",
    "SELECT id, city FROM md_customers; DELETE FROM md_customers",
    "SELECT id, city FROM md_customers) AS a; DELETE FROM md_customers --",
]


@pytest.mark.parametrize("query", WRITING)
def test_what_writes_is_refused_and_nothing_is_written(toy: Any, url: str, query: str) -> None:
    fill_customers(url, customer("C-1", city="a"))
    with pytest.raises(InvalidInput):
        asked(toy, url, query)
    assert asked(toy, url, "SELECT id, city FROM md_customers") == [("C-1", "a")]


@pytest.mark.parametrize("statement", WRITING[:4])
def test_a_statement_that_writes_leaves_nothing_however_it_came_there(
    toy: Any, url: str, statement: str
) -> None:
    """What builds the statement is one wall; the transaction that it runs in is another.

    SQLite and PostgreSQL refuse the statement itself. Db2 has no transactions that only read: there
    it is undone, as everything of a reading is, and the rights of the user are what stops it.
    """
    fill_customers(url, customer("C-1", city="a"))
    database = SqlRecordSource(toy, SqlSource("SELECT 1", url=url), url).database
    refused = url.startswith(("sqlite", "postgresql"))
    with pytest.raises(InvalidInput) if refused else nullcontext(), database.reading() as reading:
        reading.exec_driver_sql(statement)
    assert asked(toy, url, "SELECT id, city FROM md_customers") == [("C-1", "a")]


@pytest.mark.server
@pytest.mark.database("postgresql")
def test_no_function_of_postgresql_writes_or_ends_the_reading(toy: Any) -> None:
    url = servers.own_database("readonly")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (id integer)")
        connection.exec_driver_sql("INSERT INTO kept VALUES (1)")
        connection.exec_driver_sql(
            "CREATE FUNCTION wipe() RETURNS integer LANGUAGE sql AS 'DELETE FROM kept; SELECT 1'"
        )
        connection.exec_driver_sql("CREATE SEQUENCE counted")
    for query in (
        "SELECT wipe() AS id",
        "SELECT nextval('counted') AS id",
        "SELECT set_config('transaction_read_only', 'off', true) AS id, wipe() AS city",
    ):
        with pytest.raises(InvalidInput):
            asked(toy, url, query)
    # Before 16 the server takes this for no writing; it is undone.
    with suppress(InvalidInput):
        asked(toy, url, "SELECT lo_creat(-1) AS id")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT id FROM kept").scalars().all() == [1]
        assert connection.exec_driver_sql("SELECT oid FROM pg_largeobject_metadata").all() == []
    engine.dispose()
