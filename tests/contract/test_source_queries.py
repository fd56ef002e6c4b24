"""Queries of an author, word for word, in every database that a source may be."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import pytest
import sqlalchemy as sa

from crispml_core.adapters.sources.sql.source import SqlRecordSource
from crispml_core.adapters.sources.sql.unlabelled import UnlabelledSqlSource
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
