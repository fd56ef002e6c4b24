"""What an error of the database means, in one sentence that holds no value of a statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
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
_TAKEN = ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")
# What servers call the same, in standard SQL; a deadlock has a name of its own on PostgreSQL, and a
# time-out of a lock that undid only its statement on Db2.
_TAKEN_KEY, _GAVE_WAY = "23505", ("40001", "40P01", "57033")
_BROKEN_RULE, _BAD_VALUE = "23", "22"
_NO_TABLE = ("42P01", "42703", "42704")
# The driver of Db2 has it in its text alone, and its classes of errors do not follow it: a broken
# key of one row of many is a plain error, a deadlock a mistake in the program.
_STATE = re.compile(r"SQLSTATE=(\w{5})")


class ConstraintBroken(Conflict):
    """Raised inside this package when a unique key is taken; the store finds out by whom."""


class GaveWay(StoreUnavailable):
    """Raised when the database undid a transaction so that another one could go on."""


@contextmanager
def translated(url: URL) -> Iterator[None]:
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
        if state in _GAVE_WAY:
            raise GaveWay(
                f"the database of {SETTING} let another transaction go first; try again"
            ) from error
        raise StoreUnavailable(f"the database of {SETTING} {_reason(error, url)}") from error
    except PoolTimeout as error:
        raise StoreUnavailable(
            f"the database of {SETTING} has no free connection; try again"
        ) from error


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
