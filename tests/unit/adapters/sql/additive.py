"""Whether the SQL of a revision only adds, so that the release before works on it."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TABLE = re.compile(r"CREATE TABLE (\S+) ")
_COLUMN = re.compile(r"ALTER TABLE (\S+) ADD COLUMN (\S+) (.*)")
_INDEX = re.compile(r"CREATE (UNIQUE )?INDEX \S+ ON (\S+) \(([^)]*)\)")
_ALWAYS = re.compile(r"CREATE VIEW |(INSERT INTO|UPDATE) alembic_version |COMMIT$|BEGIN$")


def not_additive(sql: str) -> list[str]:
    """Return the statements that do more than add to what is there.

    A new column must be one that the release before can leave out, and a new unique key must say
    nothing about what it stores.
    """
    statements = list(_statements(sql))
    new_tables = {found[1] for s in statements if (found := _TABLE.match(s))}
    new_columns = {found.groups()[:2] for s in statements if (found := _COLUMN.match(s))}
    return [s for s in statements if not _adds(s, new_tables, new_columns)]


def _adds(statement: str, new_tables: set[str], new_columns: set[tuple[str, ...]]) -> bool:
    if _TABLE.match(statement) or _ALWAYS.match(statement):
        return True
    if column := _COLUMN.match(statement):
        return "NOT NULL" not in column[3] or "DEFAULT" in column[3]
    if index := _INDEX.match(statement):
        unique, table, columns = index.groups()
        is_new = all((table, column) in new_columns for column in columns.split(", "))
        return not unique or table in new_tables or is_new
    return False


def _statements(sql: str) -> Iterator[str]:
    without_comments = "\n".join(x for x in sql.splitlines() if not x.startswith("--"))
    for statement in without_comments.split(";"):
        if text := " ".join(statement.split()):
            yield text
