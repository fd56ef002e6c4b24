"""Upgrades as scripts, for whoever runs them by hand, and the snapshots for those who review."""

from __future__ import annotations

import re
from functools import cache

import pytest

pytest.importorskip("ibm_db_sa")

from sqlalchemy import BigInteger, Double, Integer, LargeBinary, SmallInteger, String

from crispml_core.adapters.sql.databases.db2 import luw_dialect
from crispml_core.adapters.sql.databases.db2_sql import (
    ASCII_UP_TO,
    BYTES_OF_CHARACTER,
    INLINE_BYTES,
)
from crispml_core.adapters.sql.schema import migrate
from crispml_core.adapters.sql.schema.tables import metadata
from crispml_core.adapters.sql.schema.types import SizedText, UtcTimestamp
from crispml_core.domain.errors import InvalidInput
from scripts.ddl import FOLDER
from scripts.ddl import written as write

# What fits into a page of 16 KiB: a row, and a key of an index.
ROW_BYTES, KEY_BYTES = 16_293, 4_096
# How many bytes of a row say where a large object of up to 128 MiB, or 512 MiB, lies.
POINTER_BYTES = 224

written = cache(write)  # it takes a second


def test_what_migrations_do_on_db2_is_what_was_reviewed():
    kept = {file.name: file.read_text() for file in FOLDER.glob("*.sql")}

    assert written() == kept, "review what has changed and run: make ddl"


def test_an_upgrade_of_db2_never_waits_for_a_reorganisation():
    forward = {name: text for name, text in written().items() if not name.endswith(".back.sql")}

    assert not any("REORG" in text or "DROP COLUMN" in text for text in forward.values())


def test_a_table_is_reorganised_before_the_fourth_column_is_dropped_from_it():
    statements = written()["0004.back.sql"].split(";")
    drops = [s.split()[2] for s in statements if "DROP COLUMN" in s]
    in_a_row = 0
    for statement in statements:
        in_a_row = in_a_row + 1 if "DROP COLUMN" in statement else 0
        assert in_a_row <= 3
    reorganised = {s.split("'")[1].split()[-1] for s in statements if "REORG" in s}
    assert reorganised == set(drops)


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_rows_and_keys_fit_into_a_page_of_16_kib(table):
    row = sum(_bytes(column.type) + column.nullable for column in table.columns)
    keys = [list(table.primary_key.columns), *(list(i.columns) for i in table.indexes)]
    keys += [list(c.columns) for c in luw_dialect().keys_as_indexes(table)]

    assert row <= ROW_BYTES
    for key in keys:
        assert sum(_bytes(column.type) + column.nullable for column in key) <= KEY_BYTES


def _bytes(kind):
    kind = getattr(kind, "impl_instance", kind) if not isinstance(kind, UtcTimestamp) else kind
    sizes = ((BigInteger, 8), (SmallInteger, 2), (Integer, 4), (Double, 8), (UtcTimestamp, 10))
    for known, size in sizes:
        if isinstance(kind, known):
            return size
    if isinstance(kind, LargeBinary):
        return INLINE_BYTES + 4
    assert isinstance(kind, String), kind
    if kind.length is None:
        return POINTER_BYTES
    return kind.length * (BYTES_OF_CHARACTER if kind.length > ASCII_UP_TO else 1) + 4


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://ann:s3cret@db/x", "db2+ibm_db://ann:s3cret@db/x"]
)
def test_a_script_makes_every_table_and_tells_no_secret(url):
    script = migrate.script(url, None)

    assert all(f"CREATE TABLE {name}" in script for name in metadata.tables)
    assert script.rstrip().endswith("COMMIT;")
    assert f"version_num='{migrate.head()}'" in script
    assert "s3cret" not in script


def test_a_script_gives_texts_the_lengths_that_the_stores_count_on():
    script = migrate.script("db2+ibm_db://", None)
    for table in metadata.tables.values():
        made = re.findall(rf"TABLE {table.name} (?:\(.*?\n\)|ADD COLUMN [^;]*);", script, re.DOTALL)
        # Revisions 0002 and 0003 make tables anew.
        last = max(at for at, found in enumerate(made) if found.endswith("\n);"))
        for column in table.columns:
            kind = getattr(column.type, "impl_instance", column.type)
            if isinstance(kind, SizedText):
                name = luw_dialect().identifier_preparer.quote(column.name)
                assert f"{name} CLOB({kind.most_bytes})" in "\n".join(made[last:]), column


def test_a_script_of_the_newest_revision_changes_nothing():
    script = migrate.script("postgresql://", migrate.head())

    assert script.replace("BEGIN;", "").replace("COMMIT;", "").strip() == ""


@pytest.mark.parametrize(
    ("url", "revision", "reason"),
    [
        ("postgresql://", "0001", "revision 0002 carries rows over"),
        ("postgresql://", "4711", "there is no such revision"),
        ("sqlite:///crispml.db", None, "without a script; run: crispml db upgrade"),
        ("nothing", None, "not a database URL"),
    ],
)
def test_a_script_that_is_not_enough_is_refused(url, revision, reason):
    with pytest.raises(InvalidInput, match=reason):
        migrate.script(url, revision)
