"""What an error of a database means to the reader of a source, without statement or data."""

from __future__ import annotations

import sqlite3
from typing import Any

import sqlalchemy as sa

from crispml_core.domain.errors import CrispMLError, InvalidInput, StoreUnavailable

# Primary result codes that mean: the database, not the query (https://sqlite.org/rescode.html).
_SQLITE_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_FULL,
}
# Classes of SQLSTATE: connection, resources, operator intervention, system.
_STATE_UNAVAILABLE = ("08", "53", "57", "58")
_STATE_READ_ONLY = "25006"


def source_error(use_case: str, error: sa.exc.SQLAlchemyError) -> CrispMLError:
    """Return the error of the domain for an error of a query."""
    origin = getattr(error, "orig", None)
    if _is_unavailable(error, origin):
        return StoreUnavailable(
            f"use case {use_case}: the database of the SQL source does not answer, is locked or is "
            "damaged; try again later"
        )
    if _is_write(origin):
        return InvalidInput(
            f"use case {use_case}: the query of the SQL source would write; it must only read"
        )
    return InvalidInput(
        f"use case {use_case}: the database refused the query of the SQL source "
        f"({type(origin or error).__name__}); "
        "it must be one SELECT statement that runs as a subquery"
    )


def _is_unavailable(error: sa.exc.SQLAlchemyError, origin: Any) -> bool:
    if isinstance(origin, sqlite3.Error):
        return _primary(origin) in _SQLITE_UNAVAILABLE
    state = _state(origin)
    if state:
        return state.startswith(_STATE_UNAVAILABLE)
    return bool(getattr(error, "connection_invalidated", False)) or isinstance(
        error, sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.TimeoutError
    )


def _is_write(origin: Any) -> bool:
    if isinstance(origin, sqlite3.Error):
        return _primary(origin) == sqlite3.SQLITE_READONLY
    return _state(origin) == _STATE_READ_ONLY


def _primary(origin: sqlite3.Error) -> int:
    # Extended codes carry the primary one in their low byte.
    return getattr(origin, "sqlite_errorcode", 0) & 0xFF


def _state(origin: Any) -> str:
    return str(getattr(origin, "sqlstate", None) or getattr(origin, "pgcode", None) or "")
