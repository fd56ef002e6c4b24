"""Of two upgrades of a database at once, the second waits and then finds nothing to do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DBAPIError

from crispml_core.adapters.sql.databases.capabilities import DB2, POSTGRESQL, SQLITE, capabilities
from crispml_core.adapters.sql.databases.engine import reading, writing
from crispml_core.adapters.sql.databases.errors import GaveWay, LockedOut, translated

TABLE = "upgrade_lock"
_PATIENCE_S = 600.0
_LOCK = {
    # It has one writer anyway.
    SQLITE: None,
    # It lets two transactions make a table of one name, and fails the second.
    POSTGRESQL: "SELECT pg_advisory_xact_lock(63727370)",
    # On a row that nobody reads: a lock on a table would keep readers out of it.
    DB2: f"UPDATE {TABLE} SET held = 1",  # noqa: S608
}


@contextmanager
def one_upgrade_at_a_time(engine: Engine) -> Iterator[None]:
    """Hold a lock on a connection of its own, so that a commit on the way does not end it.

    It ends with the connection, however the process ends.

    Raises
    ------
    LockedOut
        If another upgrade lasts longer than ten minutes.
    """
    lock = _LOCK[capabilities(engine.dialect)]
    if lock is None:
        yield
        return
    if capabilities(engine.dialect) is DB2:
        _make_table(engine)
    with _hold(engine, lock):
        yield


def _hold(engine: Engine, lock: str) -> ExitStack:
    """Return the transaction that has the lock, once it has; a statement waits for less."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        with ExitStack() as opened:
            connection = opened.enter_context(writing(engine))
            try:
                with translated(engine.url):
                    connection.exec_driver_sql(lock)
                return opened.pop_all()
            except (GaveWay, LockedOut):
                if time.monotonic() > deadline:
                    raise


def _make_table(engine: Engine) -> None:
    with reading(engine) as connection:
        if inspect(connection).has_table(TABLE):
            return
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE TABLE {TABLE} (held SMALLINT)")
            connection.exec_driver_sql(f"INSERT INTO {TABLE} (held) VALUES (1)")  # noqa: S608
    except DBAPIError:
        # Another upgrade made it in the meantime, or the lock will say what is wrong.
        return
