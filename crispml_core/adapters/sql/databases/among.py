"""Conditions on many values at once, as each kind of database takes them best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ARRAY, ColumnElement, Dialect, Text, func, literal, select

from crispml_core.adapters.sql.databases.capabilities import Capabilities, capabilities

_IN_LIST = 1_000
_ONE_PARAMETER = 20_000


def among(
    dialect: Dialect, column: ColumnElement[str], values: Sequence[str]
) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that together say that a column is one of some texts.

    SQLite takes a list of any length as one JSON text and PostgreSQL as one array, which they sort,
    so that they walk along the index of the column; the others take lists of a thousand parameters.
    """
    distinct = list(dict.fromkeys(values))
    can = capabilities(dialect)
    at_once = _ONE_PARAMETER if can.json_lists or can.array_lists else _IN_LIST
    for start in range(0, len(distinct), at_once):
        yield _one_of(can, column, distinct[start : start + at_once])


def _one_of(
    can: Capabilities, column: ColumnElement[str], values: list[str]
) -> ColumnElement[bool]:
    if len(values) == 1:
        return column.in_(values)
    if can.json_lists:
        listed: Any = func.json_each(literal(msgspec.json.encode(values).decode()))
        return column.in_(select(listed.table_valued("value").c.value))
    if can.array_lists:
        # As rows to be joined: ANY of an array may compare every row with every text.
        return column.in_(select(func.unnest(literal(values, ARRAY(Text))).column_valued()))
    return column.in_(values)
