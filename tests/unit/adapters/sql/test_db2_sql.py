"""The SQL for Db2 11.5, as it is written without a server."""

from __future__ import annotations

import pytest

pytest.importorskip("ibm_db_sa")

from sqlalchemy import Column, LargeBinary, MetaData, String, Table, Text, make_url, select
from sqlalchemy.exc import CompileError
from sqlalchemy.schema import AddConstraint, CreateTable

from crispml_core.adapters.sql.databases.db2 import Db2Dialect, luw_dialect
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.schema.tables import alias_events, runs
from crispml_core.adapters.sql.schema.types import JsonText, SizedText
from crispml_core.domain.errors import InvalidInput

LUW = luw_dialect()


def written(statement, dialect=LUW):
    options = {"render_postcompile": True}
    return " ".join(str(statement.compile(dialect=dialect, compile_kwargs=options)).split())


def connection_string(url):
    (given, *_rest), _options = LUW.create_connect_args(make_url(url))
    return given


def test_a_word_of_the_language_is_the_same_name_with_and_without_quotes():
    versions = select(alias_events.c.version.label("at"), alias_events.c.moved_by)

    assert written(versions) == (
        'SELECT alias_events."VERSION" AS "AT", alias_events.moved_by FROM alias_events'
    )
    assert LUW.normalize_name("VERSION") == "version"
    assert LUW.denormalize_name("version") == "VERSION"


def test_a_name_that_asks_for_quotes_keeps_its_letters():
    names = LUW.identifier_preparer

    assert names.quote("Version") == '"Version"'
    assert names.quote("record key") == '"record key"'


def test_a_text_has_room_for_its_characters_in_bytes():
    columns = (Column("name", String(255)), Column("note", Text), Column("short", SizedText(500)))

    sql = written(CreateTable(Table("t", MetaData(), *columns)))

    assert "name VARCHAR(1020), note CLOB(16777216), short CLOB(500)" in sql


@pytest.mark.parametrize("kind", [SizedText(8), JsonText(str, 8)], ids=["text", "json"])
@pytest.mark.parametrize("text", ["abcdefghi", "äöüäö"])
def test_a_text_that_is_longer_than_its_column_is_refused_without_its_words(kind, text):
    bind = kind.bind_processor(LUW)

    assert bind("abcdef")
    with pytest.raises(InvalidInput, match="longer than the 8 bytes that its column has") as found:
        bind(text)
    assert text not in str(found.value)


def test_a_text_without_a_length_is_not_made():
    with pytest.raises(CompileError, match="a text needs a length"):
        written(CreateTable(Table("t", MetaData(), Column("name", String()))))


def test_what_is_small_lies_in_its_row_where_the_server_is_db2():
    table = Table("t", MetaData(), Column("inputs", LargeBinary(5000)))

    assert "inputs BLOB(5000) INLINE LENGTH 4000" in written(CreateTable(table))
    assert "INLINE" not in written(CreateTable(table), Db2Dialect())


def test_a_key_that_may_be_null_is_an_index_however_often_it_is_written():
    for _ in range(2):
        assert "UNIQUE" not in written(CreateTable(runs)).upper()
        assert [
            written(AddConstraint(key, isolate_from_table=False))
            for key in LUW.keys_as_indexes(runs)
        ] == [
            f"CREATE UNIQUE INDEX uq_runs_{key} ON runs ({key}) EXCLUDE NULL KEYS"
            for key in ("exclusive_key", "idempotency_digest")
        ]
    assert "UNIQUE (exclusive_key)" in written(CreateTable(runs), Db2Dialect())


def test_rows_are_locked_and_waited_for():
    query = select(runs.c.id).limit(1)

    assert written(query.with_for_update()).endswith(" WITH RS USE AND KEEP UPDATE LOCKS")
    with pytest.raises(CompileError):
        written(query.with_for_update(skip_locked=True))


def test_an_offset_stands_alone():
    query = select(runs.c.id).offset(3)

    assert written(query) == "SELECT runs.id FROM runs OFFSET 3 ROWS"


def test_the_driver_is_given_every_keyword_of_the_url():
    given = connection_string(
        "db2+ibm_db://ann:s%23cret@db:50000/scores?CurrentSchema=crispml&Security=SSL"
    )

    assert given == (
        "DATABASE=scores;HOSTNAME=db;PROTOCOL=TCPIP;PORT=50000;UID=ann;PWD=s#cret;"
        "LOBCACHESIZE=268435456;CURRENTSCHEMA=CRISPML;SECURITY=SSL;"
    )


def test_the_schema_is_that_of_the_user_unless_told():
    assert connection_string("db2+ibm_db://ann@db/scores").endswith("CURRENTSCHEMA=ANN;")
    assert connection_string("db2+ibm_db://ann@/alias").startswith("DSN=alias;UID=ann;")


def test_a_semicolon_cannot_change_what_the_driver_is_told():
    with pytest.raises(InvalidInput, match="semicolon") as refused:
        connection_string("db2+ibm_db://ann:pass;word@db/scores")
    assert "word" not in str(refused.value)


def test_another_driver_for_db2_is_refused():
    with pytest.raises(InvalidInput, match="driver other than ibm_db"):
        make_engine("db2+pyodbc://ann@db/scores")


@pytest.mark.parametrize(
    "said",
    [
        "[IBM][CLI Driver] SQL30081N  A communication error has been detected. SQLSTATE=08001",
        "[IBM][CLI Driver] SQL30108N  A connection failed in an automatic client reroute "
        "environment. SQLSTATE=08506 SQLCODE=-30108",
        "[IBM][CLI Driver] SQL30109N  SQLSTATE=25000",
        "[IBM][CLI Driver] SQL1224N  The database manager is not able to accept new requests. "
        "SQLSTATE=55032",
        "[IBM][CLI Driver] CLI0106E  Connection is closed. SQLSTATE=08003",
        "ibm_db_dbi::ProgrammingError: Cursor cannot be returned; connection is no longer active.",
    ],
)
def test_a_lost_connection_is_known_by_its_code(said):
    assert LUW.is_disconnect(Exception(said), None, None)


def test_a_statement_that_fails_loses_no_connection():
    said = "[IBM][CLI Driver][DB2/LINUXX8664] SQL0911N  The current transaction has been rolled "
    assert not LUW.is_disconnect(Exception(said + "back. SQLSTATE=40001"), None, None)
