"""SQLite as several processes can share it: write-ahead log, flushed commits, orderly locks."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError

from crispml_core.adapters.sql.databases.options import EngineOptions
from crispml_core.domain.errors import InvalidInput

WRITES = "crispml_writes"
OPENED = "crispml_opened_file"
# Appending scores has a statement per size of a group.
_CACHED_STATEMENTS = 256
# Of each connection. A larger one is no faster, since the system keeps the pages of files as well.
_CACHE_KIB = 16 * 1024
# A reader keeps the log from being emptied, for as long as it reads.
_LOG_TRIES, _LOG_PAUSE_S = 20, 0.1


def sqlite_engine(url: URL, *, create: bool, options: EngineOptions) -> Engine:
    """Return an engine for a SQLite file.

    Without `create` a missing file is an error and not a new, empty database.
    """
    if not url.database or ":memory:" in url.database or url.query.get("mode") == "memory":
        raise InvalidInput(
            "CRISPML_DATABASE__URL must name a file such as sqlite:///crispml.db: "
            "a database in memory cannot be shared by processes"
        )
    engine = create_engine(
        _file_url(url, create),
        connect_args={"cached_statements": _CACHED_STATEMENTS},
        **options.of_pool(),
    )
    file = _file(url)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, record: Any) -> None:
        # Transactions are begun below: the driver would begin them late, as readers.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {int(options.busy_timeout_s * 1000)}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        # What is deleted is overwritten: the key of an erased person must not lie in a free page.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        record.info[OPENED] = OpenedFile(file)

    @event.listens_for(engine, "checkout")
    def _still_there(_connection: Any, record: Any, _proxy: Any) -> None:
        # A file that was removed or replaced stays open, and what is committed to it is lost.
        if not record.info[OPENED].is_the_same():
            raise DisconnectionError("the database file is another one now")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A reader that turns writer cannot wait for another writer, it fails at once; so a
        # transaction that will write takes the lock at its begin, where waiting is possible.
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def truncate_log(engine: Engine) -> bool:
    """Bring the write-ahead log home and empty its file; False if others kept it from that.

    Until then it holds pages as they were before what is deleted was overwritten.
    """
    for _ in range(_LOG_TRIES):
        with engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
        if not busy:
            return True
        time.sleep(_LOG_PAUSE_S)
    return False


def _file_url(url: URL, create: bool) -> URL:
    query = {"mode": "rwc" if create else "rw", **url.query, "uri": "true"}
    return url.set(database=f"file:{quote(str(_file(url)))}", query=query)


def _file(url: URL) -> Path:
    return Path(url.database or "").absolute()


class OpenedFile:
    """Which file a connection has open, whatever its name means later."""

    def __init__(self, file: Path) -> None:
        self._name = os.fspath(file)
        self._identity = self._look()

    def is_the_same(self) -> bool:
        """Return whether the name still means the file that was opened."""
        return self._look() == self._identity

    def _look(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._name)
        except OSError:
            return None
        return found.st_dev, found.st_ino
