"""Values as a driver takes them, for appending on its own connection."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Dialect

from crispml_core.adapters.sql.schema.types import UtcTimestamp

_WITHOUT_ZONE = len("2026-01-02 03:04:05.000006")


def binders(dialect: Dialect, columns: Sequence[Column[Any]]) -> list[tuple[int, Any]]:
    """Return the places of values that the driver does not take, and what turns them."""
    return [
        (number, bind)
        for number, column in enumerate(columns)
        if (bind := _binder(column, dialect)) is not None
    ]


def bound(values: Sequence[Any], binders: Sequence[tuple[int, Any]]) -> list[Any]:
    """Return values of which some are turned."""
    turned = list(values)
    for number, bind in binders:
        turned[number] = bind(turned[number])
    return turned


def moment_text(moment: datetime) -> str:
    """Return what SQLAlchemy writes for a moment on SQLite, in a fifth of the time.

    PostgreSQL reads it as the same moment.
    """
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(" ", "microseconds")[:_WITHOUT_ZONE]


def _binder(column: Column[Any], dialect: Dialect) -> Any:
    if isinstance(column.type, UtcTimestamp):
        return moment_text
    return column.type.dialect_impl(dialect).bind_processor(dialect)
