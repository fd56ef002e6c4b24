"""Column types that mean the same on SQLite, PostgreSQL and Db2."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import DateTime, Dialect, SmallInteger, String, Text
from sqlalchemy.types import TypeDecorator


class UtcTimestamp(TypeDecorator[datetime]):
    """A moment with microseconds, stored as UTC without a zone.

    Db2 and SQLite have no type with a zone; without one the text of SQLite also sorts by time.
    """

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Drop the zone after turning to UTC; a naive moment is a mistake of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored moment needs a time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say again that it is UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class JsonText(TypeDecorator[Any]):
    """A value as JSON in a text column.

    Parameters
    ----------
    as_type : type, optional
        What the text is decoded to; plain lists and dictionaries unless told.
    """

    impl = Text
    cache_ok = True

    def __init__(self, as_type: Any = Any) -> None:
        super().__init__()
        self.as_type = as_type

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Encode; not-a-number becomes null."""
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Decode to the declared type."""
        return None if value is None else msgspec.json.decode(value, type=self.as_type)


class Flag(TypeDecorator[bool]):
    """A truth value as 0 or 1: Db2 through its driver cannot compare a BOOLEAN."""

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | None:
        """Turn into 0 or 1."""
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> bool | None:
        """Turn into a truth value."""
        return None if value is None else bool(value)


class HexDigest(TypeDecorator[bytes]):
    """32 bytes as 64 hexadecimal digits: a large object could be neither compared nor indexed."""

    impl = String(64)
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> str | None:
        """Write as digits."""
        return None if value is None else value.hex()

    def process_result_value(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Read the digits."""
        return None if value is None else bytes.fromhex(value)
