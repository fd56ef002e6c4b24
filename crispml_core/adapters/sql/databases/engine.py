"""Engines and transactions: the only way from a store to its database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from crispml_core.adapters.sql.databases.errors import SETTING, translated
from crispml_core.adapters.sql.databases.sqlite import WRITES, sqlite_engine
from crispml_core.domain.errors import InvalidInput


def make_engine(url: str, *, create: bool = False, busy_timeout_s: float = 10.0) -> Engine:
    """Return an engine; nothing is opened before its first use.

    Parameters
    ----------
    url : str
        A SQLAlchemy database URL.
    create : bool
        Whether a missing SQLite file is made.
    busy_timeout_s : float
        How long a writer of SQLite or Db2 waits for another one.

    Raises
    ------
    InvalidInput
        If the URL is none, or its driver is not installed.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise InvalidInput(
            f"{SETTING} is not a database URL such as sqlite:///crispml.db"
        ) from None
    try:
        if parsed.get_backend_name() == "sqlite":
            return sqlite_engine(parsed, create=create, busy_timeout_s=busy_timeout_s)
        if parsed.get_backend_name() in ("db2", "ibm_db_sa"):
            # Not at the top: it needs the driver.
            from crispml_core.adapters.sql.databases.db2 import db2_engine

            return db2_engine(parsed, lock_timeout_s=busy_timeout_s, pool_pre_ping=True)
        return create_engine(parsed, pool_pre_ping=True, hide_parameters=True)
    except (NoSuchModuleError, ImportError):
        raise InvalidInput(
            f"{SETTING} names a kind of database whose driver is not installed"
        ) from None


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that only reads; all of its statements see the same moment on SQLite."""
    with translated(engine.url), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that may write; it is committed at the end, or not at all.

    Raises
    ------
    ConstraintBroken
        If a unique key is taken already.
    StoreUnavailable
        If the database does not answer, is locked, full or read-only.
    """
    with translated(engine.url), engine.connect() as connection:
        connection.execution_options(**{WRITES: True})
        with connection.begin():
            yield connection
