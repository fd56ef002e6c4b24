"""Values of columns that somebody may have changed by SQL: what cannot be read fits no digest."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, String, type_coerce

_UNREADABLE = datetime.min.replace(tzinfo=UTC)


def raw(column: Column[Any]) -> ColumnElement[Any]:
    """Return a column that its type does not decode, under its name with ``_raw``."""
    return type_coerce(column, String).label(f"{column.name}_raw")


def moment(value: Any) -> datetime:
    """Return a moment as it is stored, in UTC; the first of all if it is none."""
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (ValueError, TypeError):
        return _UNREADABLE
    return found.replace(tzinfo=UTC)


def digest(text: str) -> bytes:
    """Return the bytes behind hexadecimal digits; none if they are something else."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def document(text: str) -> dict[str, Any]:
    """Return a JSON object; one that says so if it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return {"unreadable": True}
    return found if isinstance(found, dict) else {"unreadable": True}
