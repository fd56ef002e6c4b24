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
_STATE_CANCELLED = "57014"


def source_error(use_case: str, error: Exception) -> CrispMLError:
    """Return the error of the domain for an error of SQLAlchemy, or of the driver itself."""
    origin = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if _is_too_slow(origin):
        return InvalidInput(
            f"use case {use_case}: a statement of the SQL source took longer than its timeout_s, "
            "or was cancelled; select less, add an index or allow more"
        )
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


def _is_unavailable(error: Exception, origin: Any) -> bool:
    if isinstance(origin, sqlite3.Error):
        return _primary(origin) in _SQLITE_UNAVAILABLE
    state = _state(origin)
    if state:
        return state.startswith(_STATE_UNAVAILABLE)
    if bool(getattr(error, "connection_invalidated", False)):
        return True
    # The classes of PEP 249, whether SQLAlchemy wrapped them or not.
    names = {base.__name__ for base in type(error).__mro__}
    return bool(names & {"OperationalError", "InterfaceError", "TimeoutError"})


def _is_too_slow(origin: Any) -> bool:
    if isinstance(origin, sqlite3.Error):
        return _primary(origin) == sqlite3.SQLITE_INTERRUPT
    return _state(origin) == _STATE_CANCELLED


def _is_write(origin: Any) -> bool:
    if isinstance(origin, sqlite3.Error):
        return _primary(origin) == sqlite3.SQLITE_READONLY
    return _state(origin) == _STATE_READ_ONLY


def _primary(origin: sqlite3.Error) -> int:
    # Extended codes carry the primary one in their low byte.
    return getattr(origin, "sqlite_errorcode", 0) & 0xFF


def _state(origin: Any) -> str:
    return str(getattr(origin, "sqlstate", None) or getattr(origin, "pgcode", None) or "")
