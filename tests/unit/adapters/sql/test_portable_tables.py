"""Tables and stores keep to what means the same on every database."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from sqlalchemy import (
    BigInteger,
    DateTime,
    Double,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Unicode,
)

import crispml_core.adapters.sql as stores
from crispml_core.adapters.sql.databases.capabilities import DB2, POSTGRESQL
from crispml_core.adapters.sql.schema.tables import metadata
from crispml_core.adapters.sql.schema.types import SHORT_TEXT, SizedText

# No NUMERIC, which has no digits behind the point on Db2, no BOOLEAN and no JSON, which its driver
# neither compares nor makes, no UUID, no ENUM.
TYPES = (BigInteger, DateTime, Double, Integer, LargeBinary, SmallInteger, String, SizedText)
COLUMNS = [column for table in metadata.sorted_tables for column in table.columns]
# Its dialect of SQLAlchemy writes them wrong or not at all.
UNWRITTEN = {"with_for_update", "is_distinct_from", "nulls_first", "nulls_last", "on_conflict"}


def plain(column):
    return getattr(column.type, "impl_instance", column.type)


@pytest.mark.parametrize("column", COLUMNS, ids=str)
def test_a_column_has_a_type_that_every_database_has(column):
    kind = plain(column)
    assert type(kind) in TYPES
    assert not isinstance(kind, Unicode)
    if isinstance(kind, SizedText):
        assert kind.most_bytes <= DB2.clob_bytes
    elif isinstance(kind, String):
        assert kind.length, "a VARCHAR of Db2 has a length"
    if isinstance(kind, LargeBinary):
        assert kind.length is not None
        assert kind.length <= DB2.blob_bytes


@pytest.mark.parametrize("table", ["score_rows", "score_groups", "serving_events"])
def test_texts_that_are_stored_with_each_request_are_short(table):
    texts = [plain(column) for column in metadata.tables[table].columns]
    assert {kind.most_bytes for kind in texts if isinstance(kind, SizedText)} == {SHORT_TEXT}


def test_names_are_short_enough_for_every_database():
    names = [table.name for table in metadata.sorted_tables]
    names += [column.name for column in COLUMNS]
    for table in metadata.sorted_tables:
        names += [str(part.name) for part in (*table.indexes, *table.constraints) if part.name]
    assert max(map(len, names)) <= POSTGRESQL.identifier_bytes


def test_stores_call_nothing_that_is_not_written_for_db2():
    for file in Path(stores.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute):
                assert node.attr not in UNWRITTEN, file
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("is_", "is_not"):
                (operand,) = node.args
                assert isinstance(operand, ast.Constant), file
                assert operand.value is None, f"{file}: Db2 compares no truth value"
