from __future__ import annotations

import sqlite3
import threading
import time

import pytest
from sqlalchemy import insert, make_url, select
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InternalError,
    OperationalError,
    ProgrammingError,
)

from crispml_core.adapters.sql.databases.engine import make_engine, reading, writing
from crispml_core.adapters.sql.databases.errors import (
    CommitUnknown,
    ConnectionLost,
    ConstraintBroken,
    GaveWay,
    LockedOut,
    Phase,
    translated,
)
from crispml_core.adapters.sql.databases.options import EngineOptions
from crispml_core.adapters.sql.schema.tables import alias_events, labels
from crispml_core.domain.errors import InvalidInput, StoreUnavailable
from crispml_core.domain.identifiers import utc_now


def an_event(sequence=1, **changes):
    facts = {"model": "credit", "alias": "champion", "version": "v1", "moved_at": utc_now()}
    return facts | {"sequence": sequence, "moved_by": "ann", "reason": ""} | changes


def write(engine, *events):
    with writing(engine) as connection:
        connection.execute(insert(alias_events), list(events))


def versions(engine):
    with reading(engine) as connection:
        query = select(alias_events.c.version).order_by(alias_events.c.sequence)
        return connection.execute(query).scalars().all()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("busy_timeout", 50),
        ("cache_size", -16384),
    ],
)
def test_every_connection_has_the_pragmas(engine, pragma, value):
    with reading(engine) as first, reading(engine) as second:
        assert first.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
        assert second.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


def test_a_foreign_key_is_enforced(engine):
    row = dict.fromkeys((c.name for c in labels.columns if not c.nullable), "x")
    row |= {"row_number": 0, "label_time": utc_now(), "received_at": utc_now()}

    with pytest.raises(RuntimeError, match="FOREIGNKEY"), writing(engine) as connection:
        connection.execute(insert(labels).values(row))


def test_a_transaction_that_fails_leaves_nothing(engine):
    def fail_halfway():
        with writing(engine) as connection:
            connection.execute(insert(alias_events).values(an_event()))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert versions(engine) == []


def test_a_reader_sees_one_moment_and_does_not_stop_a_writer(engine):
    with reading(engine) as connection:
        count = select(alias_events.c.version)
        assert connection.execute(count).all() == []
        write(engine, an_event())
        assert connection.execute(count).all() == []

    assert versions(engine) == ["v1"]


def test_writers_that_read_first_wait_for_each_other(url):
    engine = make_engine(url, options=EngineOptions(busy_timeout_s=5))
    barrier, failures = threading.Barrier(4), []

    def work():
        barrier.wait()
        for _ in range(5):
            try:
                with writing(engine) as connection:
                    known = connection.execute(select(alias_events.c.sequence)).all()
                    time.sleep(0.002)
                    connection.execute(insert(alias_events).values(an_event(len(known) + 1)))
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(versions(engine)) == 20
    engine.dispose()


def test_a_locked_database_is_reported_with_the_setting(engine, file):
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StoreUnavailable, match=r"CRISPML_DATABASE__URL is locked"):
            write(engine, an_event())
        assert versions(engine) == [], "readers go on"
    finally:
        other.close()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("no-such-folder/crispml.db", "folder that does not exist"),
        ("no-such-file.db", "does not exist; run: crispml db upgrade"),
        ("text.db", "is not a SQLite database"),
        ("empty.db", "has not the tables of this release; run: crispml db upgrade"),
        (".", "cannot be opened"),
    ],
)
def test_a_file_that_is_no_database_is_reported_with_the_setting(tmp_path, name, sentence):
    (tmp_path / "text.db").write_text("this is a text file, " * 100)
    (tmp_path / "empty.db").touch()
    engine = make_engine(f"sqlite:///{tmp_path / name}")

    with pytest.raises(StoreUnavailable, match=sentence) as caught:
        versions(engine)

    assert "CRISPML_DATABASE__URL" in caught.value.message
    assert not (tmp_path / "no-such-file.db").exists()
    engine.dispose()


def test_a_removed_file_is_reported_and_not_written_to_any_more(engine, file):
    write(engine, an_event())
    aside = file.with_name("aside.db")
    file.rename(aside)

    with pytest.raises(StoreUnavailable, match="does not exist"):
        write(engine, an_event(2))
    aside.rename(file)
    write(engine, an_event(2, version="v2"))
    assert versions(engine) == ["v1", "v2"]


def test_a_replaced_file_is_opened_anew(engine, file):
    write(engine, an_event())
    file.unlink()
    file.write_bytes(b"not a database" * 100)

    with pytest.raises(StoreUnavailable, match="not a SQLite database"):
        versions(engine)


def test_a_read_only_database_can_be_read_and_says_so_when_written(url):
    engine = make_engine(f"{url}?mode=ro")
    assert versions(engine) == []

    with pytest.raises(StoreUnavailable, match="is read-only"):
        write(engine, an_event())
    engine.dispose()


def test_a_full_volume_is_reported(engine):
    with reading(engine) as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    events = [an_event(sequence, reason="x" * 5000) for sequence in range(1, 200)]

    with pytest.raises(StoreUnavailable, match="is full"):
        write(engine, *events)

    assert versions(engine) == []


def test_a_damaged_file_is_reported(url, file):
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xff" * len(data[4096:])
    file.write_bytes(data)
    engine = make_engine(url)

    with pytest.raises(StoreUnavailable, match="is damaged"):
        versions(engine)
    engine.dispose()


def test_no_message_repeats_a_value_of_a_statement(engine):
    secret = "personal-data-4711"

    with pytest.raises(ConstraintBroken) as broken:
        write(engine, an_event(reason=secret), an_event(reason=secret))
    with pytest.raises(StoreUnavailable) as failed, reading(engine) as connection:
        connection.exec_driver_sql("SELECT nonsense(?)", (secret,))

    for error in (broken.value, failed.value):
        texts = [str(error), str(error.__cause__)]
        assert secret not in " ".join(texts)


class OfServer(Exception):
    """What the driver of a server raises; that of Db2 has the state in its text."""

    def __init__(self, sqlstate, text=""):
        super().__init__(text)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("kind", "original", "error", "sentence"),
    [
        (OperationalError, OfServer("40P01"), GaveWay, "try again"),
        (DBAPIError, OfServer(None, "SQL0911N  SQLSTATE=40001 SQLCODE=-911"), GaveWay, "try again"),
        (ProgrammingError, OfServer("42P01"), StoreUnavailable, "run: crispml db upgrade"),
        (OperationalError, OfServer("08006"), ConnectionLost, "does not answer"),
        (OperationalError, OfServer("57P01"), ConnectionLost, "stops or starts"),
        (OperationalError, OfServer("53300"), ConnectionLost, "takes no more connections"),
        (OperationalError, OfServer("55P03"), LockedOut, "is locked by another transaction"),
        (
            DBAPIError,
            OfServer(None, 'SQL0911N  Reason code "68".  SQLSTATE=40001 SQLCODE=-911'),
            LockedOut,
            "is locked",
        ),
        (OperationalError, OfServer("57014"), StoreUnavailable, "DATABASE__STATEMENT_TIMEOUT_S"),
        (InternalError, OfServer("25006"), StoreUnavailable, "is read-only"),
        (OperationalError, OfServer("53100"), StoreUnavailable, "volume is full"),
        (IntegrityError, OfServer("23505"), ConstraintBroken, "same moment"),
        (IntegrityError, OfServer(None, "SQL0803N  SQLSTATE=23505"), ConstraintBroken, "moment"),
        (IntegrityError, OfServer("23502"), RuntimeError, "breaks a rule"),
    ],
)
def test_what_a_server_says_is_told_in_words(kind, original, error, sentence):
    with pytest.raises(error, match=sentence) as told, translated(make_url("postgresql://host/db")):
        raise kind("INSERT", {}, original)
    assert type(told.value) is error


@pytest.mark.parametrize(
    ("phase", "original", "broken", "error"),
    [
        (Phase(connects=True), OfServer(None), False, ConnectionLost),
        (Phase(), OfServer(None), True, ConnectionLost),
        (Phase(commits=True), OfServer(None), True, CommitUnknown),
        (Phase(commits=True), OfServer("57P01"), True, CommitUnknown),
        # The server answered: it did not commit.
        (Phase(commits=True), OfServer("40001"), False, GaveWay),
        (Phase(commits=True), OfServer("53100"), False, StoreUnavailable),
    ],
)
def test_a_connection_that_breaks_means_more_during_a_commit(phase, original, broken, error):
    with pytest.raises(error) as told, translated(make_url("postgresql://host/db"), phase):
        raise OperationalError(None, None, original, connection_invalidated=broken)
    assert type(told.value) is error


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "is not a database URL"),
        ("crispml.db", "is not a database URL"),
        ("postgresql://user:secret@host:port/db", "is not a database URL"),
        ("nosuch://user:secret@host/db", "driver is not installed"),
        ("postgresql+psycopg://u:p@/db?host=a&port=secret", "has an option or a port"),
        ("sqlite:///crispml.db?timeout=secret", "has an option or a port"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
        ("sqlite:///file:x?mode=memory", "must name a file"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_repeating_it(url, sentence):
    with pytest.raises(InvalidInput, match=sentence) as caught:
        make_engine(url)

    assert "CRISPML_DATABASE__URL" in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("name", ["with space.db", "per%20cent.db", "a#b&c.db", "ü.db"])
def test_the_file_has_the_name_of_the_url(tmp_path, name):
    engine = make_engine(f"sqlite:///{tmp_path / name}", create=True)

    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE t (x INTEGER)")

    assert (tmp_path / name).exists()
    engine.dispose()


def test_a_relative_file_stays_where_it_was_when_the_folder_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine = make_engine("sqlite:///here.db", create=True)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE t (x INTEGER)")

    assert (tmp_path / "here.db").exists()
    engine.dispose()
