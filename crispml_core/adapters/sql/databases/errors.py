"""What an error of the database means, in one sentence that holds no value of a statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote

from sqlalchemy import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crispml_core.domain.errors import Conflict, InvalidInput, StoreUnavailable

SETTING = "CRISPML_DATABASE__URL"
UPGRADE = "run: crispml db upgrade"

_SQLITE = {
    "SQLITE_BUSY": "is locked by another process; try again, or end the process that holds it",
    "SQLITE_LOCKED": "is locked by another process; try again, or end the process that holds it",
    "SQLITE_READONLY": "is read-only; make the file and its folder writable",
    "SQLITE_FULL": "cannot grow: the volume is full; free some space",
    "SQLITE_IOERR": "cannot be read or written: the volume reports an error",
    "SQLITE_NOTADB": "is not a SQLite database; name another file",
    "SQLITE_CORRUPT": "is damaged; restore it from a backup",
}
_LOCKED = ("SQLITE_BUSY", "SQLITE_LOCKED")
_TAKEN = ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")
# What servers call the same, in standard SQL; a deadlock has a name of its own on PostgreSQL, and a
# time-out of a lock that undid only its statement on Db2.
_TAKEN_KEY, _GAVE_WAY = "23505", ("40001", "40P01")
_BROKEN_RULE, _BAD_VALUE = "23", "22"
_NO_TABLE = ("42P01", "42703", "42704")
_LOCKED_OUT = ("55P03", "57033")
# Connections that end or are refused: of the standard, of a server that stops or starts, of one
# that has too many.
_LOST = ("08", "40003", "57P0", "53300")
# The driver of Db2 has it in its text alone, and its classes of errors do not follow it: a broken
# key of one row of many is a plain error, a deadlock a mistake in the program. It tells a deadlock
# from a lock by a reason.
_STATE = re.compile(r"SQLSTATE=(\w{5})")
_DB2_LOCKED_OUT = re.compile(r"SQL0911N.*\"68\"", re.DOTALL)

_STATES = {
    "25006": "is read-only; let the setting name the server that takes writes",
    "53100": "cannot grow: its volume is full; free some space",
    "57011": "cannot grow: its table space or log is full; free some space",
    "53300": "takes no more connections; see CRISPML_DATABASE__POOL_SIZE and its own limit",
    "57014": (
        "took longer for a statement than CRISPML_DATABASE__STATEMENT_TIMEOUT_S; try again, or ask "
        "for less at once"
    ),
    "57P0": "stops or starts; try again",
}
# PostgreSQL refuses a connection without a state, in its own language.
_FULL = re.compile("too many (clients|connections)|remaining connection slots")


class ConstraintBroken(Conflict):
    """Raised inside this package when a unique key is taken; the store finds out by whom."""


class Passing(StoreUnavailable):
    """Raised when surely nothing was committed, and the same may succeed when it is tried again.

    Attributes
    ----------
    reason : str
        Why, in a word for metrics.
    """

    reason: ClassVar[str]


class ConnectionLost(Passing):
    """Raised when there is no connection, or it broke before anything was committed."""

    reason = "connection"


class GaveWay(Passing):
    """Raised when the database undid a transaction so that another one could go on."""

    reason = "deadlock"


class LockedOut(Passing):
    """Raised when another transaction held a lock for longer than a statement waits."""

    reason = "lock"


class CommitUnknown(StoreUnavailable):
    """Raised when the connection broke during a commit: it was done or not, nobody was told.

    Who tries again has to name what is stored by a unique key, or to look whether it is there.
    """

    reason: ClassVar[str] = "commit_unknown"


@dataclass(slots=True)
class Phase:
    """How far a transaction is, which says what an error of its connection means.

    Parameters
    ----------
    connects : bool
        Whether there is no connection yet.
    commits : bool
        Whether the commit was begun of a transaction that may have written.
    """

    connects: bool = False
    commits: bool = False


@contextmanager
def translated(url: URL, phase: Phase | None = None) -> Iterator[None]:
    """Turn what a database driver raises into the errors of the domain.

    A broken constraint and a refused value quote rows in the driver's text, so their cause is cut
    off; of the others the cause is kept for the operator. What never reached the driver passes as
    it is, and a row that breaks another rule than a unique key is no state of the stores either:
    both are defects of CrispML.
    """
    try:
        yield
    except DBAPIError as error:
        state = _state(error)
        if _is_taken_key(error):
            raise ConstraintBroken(
                "another writer stored this at the same moment: try again"
            ) from None
        if _is(error, IntegrityError, state, _BROKEN_RULE):
            raise RuntimeError(f"a row breaks a rule of its table ({_name(error)})") from None
        if _is(error, DataError, state, _BAD_VALUE):
            raise InvalidInput(
                "a value is longer or larger than its database column takes, or holds a character "
                "that it does not take"
            ) from None
        kind = _kind(error, phase or Phase())
        raise kind(f"the database of {SETTING} {_sentence(kind, error, url)}") from error
    except StatementError as error:  # a value that a type refused, which is not ours to quote
        if isinstance(error.orig, InvalidInput):
            raise error.orig from None
        raise
    except PoolTimeout as error:
        raise StoreUnavailable(
            f"the database of {SETTING} has no free connection; try again, or raise "
            "CRISPML_DATABASE__POOL_SIZE"
        ) from error


def _kind(error: DBAPIError, phase: Phase) -> type[StoreUnavailable]:
    """Return what an error means for who may try again."""
    state, text, name = _state(error) or "", str(error.orig), _name(error)
    if state in _LOCKED_OUT or name.startswith(_LOCKED) or _DB2_LOCKED_OUT.search(text):
        return LockedOut
    if state in _GAVE_WAY:
        return GaveWay
    if name.startswith("SQLITE_"):
        return StoreUnavailable
    if phase.connects:
        return ConnectionLost
    if error.connection_invalidated or state.startswith(_LOST):
        return CommitUnknown if phase.commits else ConnectionLost
    return StoreUnavailable


def _sentence(kind: type[StoreUnavailable], error: DBAPIError, url: URL) -> str:
    if kind is CommitUnknown:
        return "broke the connection during a commit, which may be done; look, or try again"
    if kind is GaveWay:
        return "let another transaction go first; try again"
    if kind is LockedOut and not _name(error).startswith("SQLITE_"):
        return "is locked by another transaction; try again, or end the one that holds it"
    return _reason(error, url)


def _name(error: DBAPIError) -> str:
    name: str = getattr(error.orig, "sqlite_errorname", type(error.orig).__name__)
    return name


def _state(error: DBAPIError) -> str | None:
    found = _STATE.search(str(error.orig))
    state: str | None = getattr(error.orig, "sqlstate", None) or (found and found[1])
    return state


def _is(error: DBAPIError, kind: type[DBAPIError], state: str | None, class_: str) -> bool:
    """Return whether an error is of a class of states, or of a kind where it has no state."""
    return isinstance(error, kind) if state is None else state.startswith(class_)


def _is_taken_key(error: DBAPIError) -> bool:
    return _state(error) == _TAKEN_KEY or _name(error) in _TAKEN


def _reason(error: DBAPIError, url: URL) -> str:
    text = str(error.orig)
    if _state(error) in _NO_TABLE or "no such table" in text or "no such column" in text:
        return f"has not the tables of this release; {UPGRADE}"
    name = _name(error)
    if not name.startswith("SQLITE_"):
        state = "53300" if _FULL.search(text) else _state(error) or ""
        for prefix, sentence in _STATES.items():
            if state.startswith(prefix):
                return sentence
        return f"does not answer ({name}); check that it runs and the setting"
    if name.startswith("SQLITE_CANTOPEN"):
        return _cannot_open(url)
    for prefix, sentence in _SQLITE.items():
        if name.startswith(prefix):
            return sentence
    return f"refused a statement ({name})"


def _cannot_open(url: URL) -> str:
    file = Path(unquote((url.database or "").removeprefix("file:")))
    if not file.parent.is_dir():
        return "is in a folder that does not exist; make the folder or change the setting"
    if not file.exists():
        return f"does not exist; {UPGRADE}, or change the setting"
    return "cannot be opened; check who may read and write the file and its folder"
