"""Engines and transactions: the only way from a store to its database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from crispml_core.adapters.sql.databases.errors import (
    SETTING,
    ConnectionLost,
    Phase,
    translated,
)
from crispml_core.adapters.sql.databases.options import EngineOptions
from crispml_core.adapters.sql.databases.postgresql import postgresql_engine
from crispml_core.adapters.sql.databases.retries import Tries
from crispml_core.adapters.sql.databases.sqlite import WRITES, sqlite_engine
from crispml_core.domain.errors import InvalidInput

_FOR_COMMANDS = EngineOptions()


def make_engine(
    url: str, *, create: bool = False, options: EngineOptions = _FOR_COMMANDS
) -> Engine:
    """Return an engine; nothing is opened before its first use.

    Parameters
    ----------
    url : str
        A SQLAlchemy database URL.
    create : bool
        Whether a missing SQLite file is made.
    options : EngineOptions
        How many connections, and how patient they are.

    Raises
    ------
    InvalidInput
        If the URL is none, has a wrong option, or its driver is not installed.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise InvalidInput(
            f"{SETTING} is not a database URL such as sqlite:///crispml.db"
        ) from None
    try:
        kind = parsed.get_backend_name()
        if kind == "sqlite":
            return sqlite_engine(parsed, create=create, options=options)
        if kind == "postgresql":
            return postgresql_engine(parsed, options)
        if kind in ("db2", "ibm_db_sa"):
            # Not at the top: it needs the driver.
            from crispml_core.adapters.sql.databases.db2 import db2_engine

            return db2_engine(parsed, options)
        return create_engine(parsed, pool_pre_ping=options.pre_ping, **options.of_pool())
    except (NoSuchModuleError, ImportError):
        raise InvalidInput(
            f"{SETTING} names a kind of database whose driver is not installed"
        ) from None
    except (ArgumentError, ValueError):
        raise InvalidInput(
            f"{SETTING} has an option or a port that its driver does not take; correct the part "
            "behind the host"
        ) from None


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that only reads; all of its statements see the same moment on SQLite.

    Raises
    ------
    Passing
        If there is no answer now; the same can be asked again.
    StoreUnavailable
        If the database is not usable.
    """
    with translated(engine.url), _connected(engine) as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that may write; it is committed at the end, or not at all.

    Raises
    ------
    ConstraintBroken
        If a unique key is taken already.
    Passing
        If nothing was committed, for a reason that passes; the same can be tried again.
    CommitUnknown
        If the connection broke during the commit: only the database knows whether it was done.
    StoreUnavailable
        If the database is not usable: full or read-only.
    """
    phase = Phase()
    with translated(engine.url, phase), _connected(engine) as connection:
        connection.execution_options(**{WRITES: True})
        with connection.begin():
            yield connection
            phase.commits = True


def _connected(engine: Engine) -> Connection:
    """Return a connection, tried for as long as the engine tries: nothing was asked of it yet."""
    tries = Tries(engine)
    while True:
        try:
            with translated(engine.url, Phase(connects=True)):
                return engine.connect()
        except ConnectionLost as error:
            tries.again_after(error)
