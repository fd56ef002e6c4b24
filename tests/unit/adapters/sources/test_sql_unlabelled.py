"""Queries whose rows are to be scored."""

import sqlite3

import pytest

from crispml_core.adapters.sources.sql import streaming
from crispml_core.adapters.sources.sql.unlabelled import UnlabelledSqlSource
from crispml_core.domain.errors import InvalidInput, StoreUnavailable
from crispml_core.domain.sources import Selection, SqlSource


@pytest.fixture
def read(toy, tmp_path):
    """Read a query from a table of ten orders without a target."""
    path = tmp_path / "toy.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE orders (order_id TEXT, amount REAL)")
        rows = [(f"O-{number}", float(number)) for number in range(10)]
        database.executemany("INSERT INTO orders VALUES (?, ?)", rows)

    def run(query, name=path):
        source = SqlSource(query, url=f"sqlite:///{name}")
        return list(UnlabelledSqlSource(toy, source, source.url).read(Selection()))

    return run


def test_every_column_comes_as_the_query_orders_it(read, monkeypatch):
    monkeypatch.setattr(streaming, "BATCH_ROWS", 4)
    batches = read("SELECT amount, order_id, 7 AS seven FROM orders ORDER BY amount DESC")
    assert [len(batch) for batch in batches] == [0, 4, 4, 2]
    assert batches[0].schema.names == ["amount", "order_id", "seven"]
    assert batches[1].to_pylist()[0] == {"amount": 9.0, "order_id": "O-9", "seven": 7}


def test_a_query_without_rows_still_says_its_columns(read):
    (batch,) = read("SELECT * FROM orders WHERE amount < 0")
    assert batch.schema.names == ["order_id", "amount"]


@pytest.mark.parametrize(
    "query", ["DELETE FROM orders", "SELECT 1; SELECT 2", "SELECT nothing FROM orders", "nonsense"]
)
def test_a_query_that_is_no_select_is_refused_and_not_repeated(read, query):
    with pytest.raises(InvalidInput) as caught:
        read(query)
    assert query not in caught.value.message
    assert sum(len(batch) for batch in read("SELECT * FROM orders")) == 10


def test_a_database_that_is_not_there_is_not_made(read, tmp_path):
    with pytest.raises(StoreUnavailable):
        read("SELECT 1", tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()
