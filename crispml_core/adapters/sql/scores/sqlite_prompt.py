"""A connection to a SQLite file that writes at once or not at all.

The event loop commits a lone score itself, and must not wait there for another writer, a free
connection of the pool or the opening of a file. So one connection is kept for it, whose patience
is zero; a writer that may wait opens it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import SQLAlchemyError

from crispml_core.adapters.sql.databases.sqlite import OPENED, OpenedFile
from crispml_core.domain.errors import WouldWait


class PromptConnection:
    """The connection; closed with the pool of its engine.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`, of a SQLite file.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._connection: Any = None
        self._file: OpenedFile
        event.listen(engine, "engine_disposed", lambda _: self.close())

    def open(self) -> None:
        """Open the connection, if that is still to be done and can be; may wait."""
        if self._connection is not None:
            return
        with self._lock, suppress(SQLAlchemyError, sqlite3.Error):
            lent = self._engine.raw_connection()
            connection: Any = lent.driver_connection
            self._file = lent.info[OPENED]
            lent.detach()
            connection.execute("PRAGMA busy_timeout = 0")
            self._connection = connection

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._drop()

    def write(self, insert: Callable[[Any], None]) -> None:
        """Call `insert` with a cursor inside of a transaction, and commit it.

        Raises
        ------
        WouldWait
            If somebody else writes, the file is another one now, or nothing is open.
        sqlite3.Error
            If a statement or the commit fails.
        """
        if not self._lock.acquire(blocking=False):
            raise WouldWait
        try:
            if self._connection is None or not self._file.is_the_same():
                self._drop()
                raise WouldWait
            cursor = self._connection.cursor()
            try:
                cursor.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                raise WouldWait from None  # who waits for it finds out what is the matter
            try:
                insert(cursor)
                cursor.execute("COMMIT")
            except BaseException:
                self._drop()  # which rolls back
                raise
        finally:
            self._lock.release()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
