"""What databases spell differently, in one place: moments, the order of texts, hashes.

A moment is compared in the form that `moment` gives it. SQLite has none: there it is the number of
microseconds since 1970, by functions that `add_functions` brings along.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from crispml_core.tables import parsing
from crispml_core.tables.split import SAMPLE_DIGITS, sample_digits, sample_text

Clause = ColumnElement[Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = 24 * 3600 * 10**6
SQLITE, POSTGRESQL = "sqlite", "postgresql"


def kind(dialect: sa.Dialect) -> str:
    """Return the name of a kind of database; nothing else in this room asks for it."""
    return dialect.name


def add_functions(connection: sqlite3.Connection) -> None:
    """Give a SQLite connection the functions that statements call."""
    for name in ("log", "log1p", "sqrt", "floor"):
        function = _guarded(getattr(math, name))
        connection.create_function(f"crispml_{name}", 1, function, deterministic=True)
    connection.create_function("crispml_moment", 1, _microseconds, deterministic=True)
    connection.create_function("crispml_sample", 2, _digits, deterministic=True)


def moment(dialect: str, column: Clause) -> Clause:
    """Return a column as a moment that can be compared; one without a zone counts as UTC."""
    if dialect == SQLITE:
        return sa.func.crispml_moment(column)
    return sa.cast(column, sa.TIMESTAMP(timezone=dialect == POSTGRESQL))


def days_before(dialect: str, moment: Clause, days: int) -> Clause:
    """Return the moment so many times 24 hours before another one."""
    if dialect == SQLITE:
        return moment.op("-")(sa.literal_column(str(days * _DAY)))
    if dialect == POSTGRESQL:
        # The session is in UTC, where every day has 24 hours.
        return moment.op("-")(sa.func.make_interval(0, 0, 0, sa.literal(days, sa.Integer())))
    return moment.op("-")(sa.literal_column(f"{days} DAYS"))


def bytewise(dialect: str, text: Clause) -> Clause:
    """Return a text that is ordered by its bytes, whatever the language of the database is."""
    return sa.collate(text, "C") if dialect == POSTGRESQL else text


def text_of(dialect: str, column: Clause) -> Clause:
    """Return a column as text."""
    if dialect in (SQLITE, POSTGRESQL):
        return sa.cast(column, sa.Text())
    # Text without a length is not known to every database.
    return sa.cast(column, sa.String(4000))


def sample_clause(dialect: str, key: Clause, seed: int) -> Clause | None:
    """Return the digits of `crispml_core.tables.split.sample_digits`; None if nobody knows how."""
    if dialect == SQLITE:
        return sa.func.crispml_sample(key, sa.literal(seed, sa.Integer()))
    text = sa.literal(sample_text(seed), sa.Text()).concat(key)
    if dialect == POSTGRESQL:
        hashed = sa.func.encode(sa.func.sha256(sa.func.convert_to(text, "UTF8")), "hex")
    elif dialect == "ibm_db_sa":
        text = sa.literal_column(f"'{sample_text(seed)}'").concat(key)
        hashed = sa.func.lower(sa.func.hex(sa.func.hash(text, sa.literal_column("2"))))
    else:
        return None
    return sa.func.substr(hashed, sa.literal_column("1"), sa.literal_column(str(SAMPLE_DIGITS)))


def knows_percentiles(dialect: sa.Dialect) -> bool:
    """Whether the database finds quantiles itself; the others are asked for the value at a rank."""
    return dialect.name == POSTGRESQL or is_db2(dialect)


def counts_many_distinct(dialect: sa.Dialect) -> bool:
    """Whether one statement may count the different values of several columns."""
    return dialect.name in (SQLITE, POSTGRESQL) or is_db2(dialect)


def is_db2(dialect: sa.Dialect) -> bool:
    """Whether this is Db2 itself, and not another server that its driver may speak to."""
    return dialect.name == "ibm_db_sa" and str(getattr(dialect, "dbms_name", "")).startswith("DB2")


def _guarded(function: Callable[[float], float]) -> Callable[[float | None], float | None]:
    def apply(value: float | None) -> float | None:
        try:
            return None if value is None else float(function(value))
        except (ValueError, OverflowError):
            return None

    return apply


def _microseconds(value: Any) -> int | None:
    if value is None:
        return None
    found = parsing.moment(value) if isinstance(value, str) else None
    if found is None:
        # SQLite makes an error of it, which names nothing.
        raise ValueError("a moment that is not written as in ISO 8601")
    return (found - _EPOCH) // _MICROSECOND


def _digits(key: Any, seed: int) -> str | None:
    return None if key is None else sample_digits(str(key), seed)
