"""SQL that each kind of database has in its own words."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import ColumnElement, Dialect, and_, func

from crispml_core.adapters.sql.databases.capabilities import DB2, POSTGRESQL, SQLITE, capabilities

# What SQL writes the six hexadecimal digits of a row number with.
_SIX_DIGITS = {
    SQLITE: "printf('%06x', {number})",
    POSTGRESQL: "lpad(to_hex({number}), 6, '0')",
    # It writes no whole number in hexadecimal digits, but can pick them one by one.
    DB2: " || ".join(
        f"substr('0123456789abcdef', mod(({{number}}) / {16**power}, 16) + 1, 1)"
        for power in range(5, -1, -1)
    ),
}

_BEFORE_IMPORT: dict[object, tuple[str, ...]] = {
    # It has one writer anyway.
    SQLITE: (),
    # Readers pass this lock. Without figures about rows that its own transaction stores, the whole
    # table of labels would be read again for each batch.
    POSTGRESQL: (
        "LOCK TABLE label_imports IN EXCLUSIVE MODE",
        "SET LOCAL enable_seqscan = off",
    ),
    # A lock on a table would keep readers out of it, and in share mode two imports would wait for
    # each other. So it is a lock on the one row that every database has and few look at.
    DB2: ("UPDATE alembic_version SET version_num = version_num",),
}

_BEFORE_AUDIT: dict[object, tuple[str, ...]] = {
    SQLITE: (),
    POSTGRESQL: ("SELECT pg_advisory_xact_lock(63727371)",),
    # It has no lock by a name, and what it locks instead would wait for imports of labels.
    DB2: (),
}


def score_id_sql(dialect: Dialect, group_id: str, number: str) -> str:
    """Return the SQL of `crispml_core.domain.scores.score_id`.

    Parameters
    ----------
    group_id, number : str
        SQL of the id of the group, and of the row plus one.
    """
    digits = _SIX_DIGITS[capabilities(dialect)].format(number=number)
    return f"substr({group_id}, 1, 30) || {digits}"


def walked(dialect: Dialect, column: ColumnElement[str]) -> ColumnElement[str]:
    """Return a column whose index is left alone, where the whole table is read faster.

    A database without figures does not see that by itself: it would jump from an index to each row.
    """
    return column if capabilities(dialect).planner_has_figures else column.concat("")


def is_text(dialect: Dialect, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Return the condition that a column is a text, also in blanks at its end.

    A database that takes blanks at the end for nothing finds more by its index; LIKE is exact.
    """
    if capabilities(dialect).trailing_blanks:
        return column == text
    escaped = re.sub(r"([%_!])", r"!\1", text)
    return and_(column == text, column.like(escaped, escape="!"))


def each_text(dialect: Dialect, column: ColumnElement[str]) -> tuple[ColumnElement[Any], ...]:
    """Return what a query selects, and is grouped by, to have a row for each text of a column."""
    if capabilities(dialect).trailing_blanks:
        return (column,)
    return column, func.length(column)


def before_import(dialect: Dialect) -> tuple[str, ...]:
    """Return the statements that a label import begins with.

    They let imports come one after the other: two of the same labels could wait for each other's
    rows, and moments of imports would not come in the order of their commits.
    """
    return _BEFORE_IMPORT[capabilities(dialect)]


def before_audit(dialect: Dialect) -> tuple[str, ...]:
    """Return the statements that a transaction of the audit log begins with.

    They let writers queue where the database can. Elsewhere all but one of those at once find that
    their number is taken, and try again.
    """
    return _BEFORE_AUDIT[capabilities(dialect)]
