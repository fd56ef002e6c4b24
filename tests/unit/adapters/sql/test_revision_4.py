"""Revision 0004 only adds: moves of aliases stay, and the release before goes on writing them."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from crispml_core.adapters.sql.alias_log import SqlAliasLog
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.schema import migrate

_INSERT = (
    "INSERT INTO alias_events (model, sequence, alias, version, moved_at, moved_by, reason) "
    "VALUES ('credit', ?, 'champion', ?, '2026-03-01 12:00:00.000000', 'ann', 'good')"
)


def move_as_before(file, sequence, version):
    """Move an alias as the release before does."""
    with closing(sqlite3.connect(file)) as writer, writer:
        writer.execute(_INSERT, (sequence, version))


def history(url):
    engine = make_engine(url)
    try:
        return SqlAliasLog(engine).history("credit", "champion")
    finally:
        engine.dispose()


def test_moves_from_before_stay_and_are_bound_to_no_bytes(file):
    url = f"sqlite:///{file}"
    migrate.upgrade(url)
    migrate.downgrade(url, "0003")
    move_as_before(file, 1, "v1")

    migrate.upgrade(url)

    (move,) = history(url)
    assert (move.version, move.moved_by, move.digest, move.environment) == ("v1", "ann", "", "")


def test_the_release_before_goes_on_moving_aliases(file, url):
    move_as_before(file, 1, "v1")

    assert [move.version for move in history(url)] == ["v1"]


def test_the_way_back_keeps_every_move(file, url):
    engine = make_engine(url)
    SqlAliasLog(engine, environment="qa").move(
        "credit", "champion", "v1", expected=None, reason="good", digest="d" * 64
    )
    engine.dispose()

    migrate.downgrade(url, "0003")

    with closing(sqlite3.connect(file)) as reader:
        rows = reader.execute("SELECT version, reason FROM alias_events").fetchall()
    assert rows == [("v1", "good")]
