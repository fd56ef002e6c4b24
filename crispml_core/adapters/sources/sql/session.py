"""The read-only transaction that a source is read in."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from crispml_core.adapters.sources.sql.errors import source_error
from crispml_core.adapters.sources.sql.spelling import POSTGRESQL, SQLITE, add_functions, kind
from crispml_core.domain.errors import InvalidInput, StoreUnavailable

# The dialect of Db2 writes what fails, with its values, to the standard error of the process.
logging.getLogger("ibm_db_sa").disabled = True

# PostgreSQL looks so often whether somebody still waits for what it works on.
_LOOK_MS = 2_000
# SQLite asks after so many steps of its machine whether it shall go on: some milliseconds.
_STEPS = 100_000


class SourceDatabase:
    """A database that somebody else owns: opened for one reading, and only read.

    Parameters
    ----------
    use_case : str
        Named in errors.
    url : str
        A SQLAlchemy URL.
    timeout_s : float
        How long a statement may take, where the database can be told so.
    """

    def __init__(self, use_case: str, url: str, timeout_s: float) -> None:
        self._use_case, self._timeout_s = use_case, timeout_s
        try:
            self._url = sa.make_url(url)
            self._engine = sa.create_engine(self._url, poolclass=NullPool, hide_parameters=True)
        except (sa.exc.ArgumentError, ValueError):
            # A password with an @ in it may be quoted as the port.
            raise InvalidInput(
                f"use case {use_case}: the URL of the SQL source is not one that SQLAlchemy "
                "understands; correct it in the source or in CRISPML_CONNECTIONS"
            ) from None
        except ImportError as error:
            raise InvalidInput(
                f"use case {use_case}: the driver for the SQL source is not installed"
            ) from error

    @property
    def dialect(self) -> sa.Dialect:
        """How this database speaks; all is known only once it was connected to."""
        return self._engine.dialect

    @property
    def _driver_error(self) -> type[Exception]:
        # COPY goes to the driver directly.
        found: type[Exception] = self._engine.dialect.loaded_dbapi.Error
        return found

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a transaction that sees one moment of the data, and is rolled back.

        Raises
        ------
        StoreUnavailable
            If the database cannot be reached, or does not answer any more.
        InvalidInput
            If it refuses a statement.
        """
        with self._connect() as connection:
            try:
                self._begin(connection)
                yield connection
            except (sa.exc.SQLAlchemyError, self._driver_error) as error:
                raise source_error(self._use_case, error) from error
            finally:
                self._end(connection)

    def _connect(self) -> sa.Connection:
        self._check_file()
        try:
            return self._engine.connect()
        except sa.exc.SQLAlchemyError as error:
            raise StoreUnavailable(
                f"use case {self._use_case}: the database of the SQL source cannot be reached"
            ) from error

    def _begin(self, connection: sa.Connection) -> None:
        name = kind(self.dialect)
        if name == SQLITE:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            add_functions(driver)
            end = time.monotonic() + self._timeout_s
            driver.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
            connection.exec_driver_sql("PRAGMA query_only=ON")
        elif name == POSTGRESQL:
            milliseconds = max(1, round(self._timeout_s * 1000))
            # Texts of moments and numbers are read, so how they are written is settled here.
            for statement in (
                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
                "SET LOCAL TIME ZONE 'UTC'",
                "SET LOCAL DateStyle = 'ISO'",
                "SET LOCAL extra_float_digits = 1",
                f"SET LOCAL statement_timeout = {milliseconds}",
            ):
                connection.exec_driver_sql(statement)
            _end_with_client(connection)

    def _end(self, connection: sa.Connection) -> None:
        try:
            connection.rollback()
        except sa.exc.SQLAlchemyError:
            return  # the connection is gone, and its transaction with it
        if kind(self.dialect) == SQLITE and not connection.invalidated:
            connection.exec_driver_sql("PRAGMA query_only=OFF")

    def _check_file(self) -> None:
        """Refuse a SQLite file that does not exist, because connecting would create it."""
        path = self._url.database
        if kind(self.dialect) != SQLITE or not path or path.startswith((":memory:", "file:")):
            return
        if not Path(path).is_file():
            raise StoreUnavailable(
                f"use case {self._use_case}: the SQLite file of the SQL source does not exist"
            )


def _end_with_client(connection: sa.Connection) -> None:
    """Let a statement of PostgreSQL end soon after the process that asked for it was killed.

    Servers before 14, and some systems, cannot. Asked in a savepoint, because what is refused would
    end the transaction.
    """
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(f"SET LOCAL client_connection_check_interval = {_LOOK_MS}")
    except sa.exc.DBAPIError as error:
        if error.connection_invalidated:
            raise
