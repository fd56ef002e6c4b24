from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import StatementError

from crispml_core.adapters.sql.schema.types import Flag, HexDigest, JsonText, UtcTimestamp
from crispml_core.adapters.sql.scores.raw_values import moment_text

THINGS = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("at", UtcTimestamp()),
    Column("json", JsonText(dict[str, tuple[int, ...]])),
    Column("flag", Flag()),
    Column("digest", HexDigest()),
)


@pytest.fixture
def connection():
    engine = create_engine("sqlite://")
    THINGS.metadata.create_all(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def stored(connection, **values):
    connection.execute(insert(THINGS).values(id=1, **values))
    return connection.execute(select(THINGS)).one()


def raw(connection, column):
    return connection.exec_driver_sql(f"SELECT {column} FROM things").scalar()


def test_a_moment_comes_back_in_utc_with_its_microseconds(connection):
    tokyo = timezone(timedelta(hours=9))
    moment = datetime(2026, 3, 1, 8, 0, 0, 1, tokyo)

    assert stored(connection, at=moment).at == moment
    assert stored_at(connection).tzinfo is UTC
    assert raw(connection, "at") == "2026-02-28 23:00:00.000001"


def stored_at(connection):
    return connection.execute(select(THINGS.c.at)).scalar_one()


def test_a_moment_without_a_zone_is_refused(connection):
    with pytest.raises(StatementError, match="time zone"):
        stored(connection, at=datetime(2026, 3, 1))


def test_json_is_text_and_comes_back_as_its_type(connection):
    assert stored(connection, json={"ä": (1, 2)}).json == {"ä": (1, 2)}
    assert raw(connection, "json") == '{"ä":[1,2]}'


@pytest.mark.parametrize("value", [True, False])
def test_a_flag_is_a_number_in_the_database(connection, value):
    assert stored(connection, flag=value).flag is value
    assert raw(connection, "flag") == int(value)


def test_a_digest_is_text_in_the_database(connection):
    assert stored(connection, digest=bytes(range(32))).digest == bytes(range(32))
    assert raw(connection, "digest") == bytes(range(32)).hex()


def test_nothing_stays_nothing(connection):
    assert tuple(stored(connection))[1:] == (None, None, None, None)


@given(st.datetimes(), st.integers(-14 * 60, 14 * 60))
def test_sqlite_gets_a_moment_as_sqlalchemy_writes_it(naive, minutes):
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    try:
        moment.astimezone(UTC)
    except OverflowError:
        assume(False)
    dialect = sqlite.dialect()
    write = UtcTimestamp().dialect_impl(dialect).bind_processor(dialect)
    assert moment_text(moment) == write(moment)
