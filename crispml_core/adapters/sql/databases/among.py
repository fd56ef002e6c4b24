"""Conditions on many values at once, as each kind of database takes them best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Dialect, func, literal, select

from crispml_core.adapters.sql.databases.capabilities import capabilities

_IN_LIST = 1_000
_JSON_LIST = 20_000


def among(
    dialect: Dialect, column: ColumnElement[str], values: Sequence[str]
) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that together say that a column is one of some texts.

    SQLite takes a list of any length as one JSON text, which it sorts, so that it walks along the
    index of the column; the others take lists of a thousand parameters.
    """
    distinct = list(dict.fromkeys(values))
    at_once = _JSON_LIST if capabilities(dialect).json_lists else _IN_LIST
    for start in range(0, len(distinct), at_once):
        yield _one_of(dialect, column, distinct[start : start + at_once])


def _one_of(dialect: Dialect, column: ColumnElement[str], values: list[str]) -> ColumnElement[bool]:
    if not capabilities(dialect).json_lists or len(values) == 1:
        return column.in_(values)
    listed: Any = func.json_each(literal(msgspec.json.encode(values).decode()))
    return column.in_(select(listed.table_valued("value").c.value))
