"""COPY gives the very rows that the cursor gives, whatever the values look like."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from crispml_core.adapters.sources import build_source
from crispml_core.adapters.sources.sql import streaming
from crispml_core.domain.algorithms import Algorithm
from crispml_core.domain.errors import InvalidInput, InvalidRecords, StoreUnavailable
from crispml_core.domain.fields import Field
from crispml_core.domain.sources import Selection, SqlSource
from crispml_core.domain.targets import Target
from crispml_core.domain.use_case import UseCase
from crispml_core.methods.data_ingestion import DataIngestion
from tests import servers

pytestmark = pytest.mark.server

ODD = [
    "", "NULL", "\\N", "\\.", 'say "so"', "a,b", "line\nline", "cr\r\nlf", "tab\t", " blank ",
    "ä€😀", "'", "t", "NaN",
]  # fmt: skip


@pytest.fixture(scope="module")
def url() -> str:
    found = servers.own_database("copied")
    engine = sa.create_engine(found)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            """CREATE TABLE odd (id uuid PRIMARY KEY, words text, big bigint, small smallint,
            exact numeric(30, 4), rounded double precision, narrow real, yes boolean, day date,
            zoned timestamptz, plain timestamp, label text)"""
        )
        insert = sa.text(
            """INSERT INTO odd SELECT gen_random_uuid(), :words, 9007199254740993 + :number,
            -:number, 123456.7899 + :number, CASE WHEN :number % 5 > 0 THEN 1e300 / 3 END,
            0.1, CASE :number % 3 WHEN 0 THEN true WHEN 1 THEN false END,
            date '2024-02-29' + :number,
            timestamptz '2024-03-31 01:59:59.123456+05:30' + :number * interval '1 hour',
            timestamp '2024-12-31 23:59:59.000001', CASE :number % 2 WHEN 0 THEN 'no' ELSE 'yes' END
            """
        )
        for number, words in enumerate([*ODD, None]):
            connection.execute(insert, {"number": number, "words": words})
    engine.dispose()
    return found


def use_case(url: str, query: str = "", **more: Any) -> UseCase:
    source = SqlSource(query=query, url=url, **({} if query else {"table": "odd"}), **more)
    return UseCase(
        name="copied",
        target=Target("label", "binary", values=("no", "yes"), positive="yes"),
        record_key="id",
        fields=(
            Field("id", "string"),
            Field("words", "string", nullable=True),
            Field("big", "integer"),
            Field("small", "integer"),
            Field("exact", "number"),
            Field("rounded", "number", nullable=True),
            Field("narrow", "number"),
            Field("yes", "boolean", nullable=True),
            Field("day", "date"),
            Field("zoned", "datetime"),
            Field("plain", "datetime"),
        ),
        source=source,
        algorithms=(Algorithm(name="none", curate=dict, estimator=dict),),
    )


def rows(case: UseCase) -> list[dict[str, Any]]:
    batches = DataIngestion(case).run(build_source(case, {}).read(Selection()))
    found = pa.Table.from_batches(list(batches)).to_pylist()
    # A table has no order of its own: a reading may begin where another one is.
    return sorted(found, key=lambda row: str(row["id"]))


def test_copy_and_cursor_give_the_same_rows(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = use_case(url)
    copied = rows(case)
    monkeypatch.setattr(streaming, "_copied_types", lambda *arguments: None)
    assert copied == rows(case)
    assert {row["words"] for row in copied} == {*ODD, None}


def test_rows_are_copied_wherever_their_types_are_plain(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any) -> Any:
        raise AssertionError("the cursor was asked")

    monkeypatch.setattr(streaming, "_by_cursor", refuse)
    assert len(rows(use_case(url))) == len(ODD) + 1


def test_many_small_blocks_are_put_together(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rows(use_case(url))
    monkeypatch.setattr(streaming, "BLOCK_BYTES", 300)
    assert rows(use_case(url)) == whole


def test_a_number_that_is_not_finite_is_refused_with_its_row(url: str) -> None:
    query = "SELECT id, words, big, small, 'NaN'::float8 AS exact, rounded, narrow, yes, day, "
    with pytest.raises(InvalidRecords, match="row 0: field exact"):
        rows(use_case(url, f"{query} zoned, plain, label FROM odd"))


def test_an_error_in_the_midst_of_copying_is_told_without_values(url: str) -> None:
    query = "SELECT *, 1 / (small + 5) AS hunter2 FROM odd WHERE 1 / (small + 5) < 9"
    with pytest.raises(InvalidInput, match="refused the query") as caught:
        rows(use_case(url, query))
    assert "hunter2" not in caught.value.message


def test_a_statement_that_takes_too_long_is_ended(url: str) -> None:
    query = "SELECT odd.* FROM odd WHERE pg_sleep(1) IS NOT NULL"
    with pytest.raises(InvalidInput, match="timeout_s"):
        rows(use_case(url, query, timeout_s=0.2))


def test_a_connection_that_breaks_is_unavailable_and_writing_is_refused(url: str) -> None:
    broken = "SELECT odd.* FROM odd WHERE pg_terminate_backend(pg_backend_pid())"
    with pytest.raises(StoreUnavailable):
        rows(use_case(url, broken))
    source = build_source(use_case(url), {})
    with (
        pytest.raises(InvalidInput, match="would write"),
        source.database.reading() as connection,  # type: ignore[attr-defined]
    ):
        connection.exec_driver_sql("DELETE FROM odd")


def test_leaving_early_ends_the_transaction(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "BLOCK_BYTES", 300)
    batches = build_source(use_case(url), {}).read(Selection())
    next(iter(batches))
    next(iter(batches))
    batches.close()  # type: ignore[attr-defined]
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        assert connection.exec_driver_sql(f"{others} AND pid <> pg_backend_pid()").scalar() == 0
    engine.dispose()


def test_the_database_says_how_many_rows_it_expects(url: str) -> None:
    told = build_source(use_case(url), {}).explain(Selection(limit=3))
    assert told is not None
    assert told.expected_rows == 3
