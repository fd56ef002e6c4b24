"""Column types that mean the same on SQLite, PostgreSQL and Db2."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import DateTime, Dialect, SmallInteger, String, Text
from sqlalchemy.types import TypeDecorator

from crispml_core.adapters.sql.databases.capabilities import capabilities
from crispml_core.domain.errors import InvalidInput

SHORT_TEXT = 64 * 1024
"""Bytes of a text that is stored with each score, or is a sentence."""
LONG_TEXT = 16 * 1024 * 1024
"""Bytes of a text that there are few of, such as a report."""


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


class SizedText(Text):
    """A text of at most so many bytes where a column has a length, of any length elsewhere.

    The driver of Db2 clears as much memory for each text as its column may hold, so a column that
    is written often has to be short.

    Parameters
    ----------
    most_bytes : int
        Most bytes in UTF-8.
    """

    def __init__(self, most_bytes: int) -> None:
        super().__init__()
        self.most_bytes = most_bytes

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None] | None:
        """Refuse what is too long; elsewhere a text costs nothing on its way."""
        return self._checked if capabilities(dialect).text_lengths else None

    def _checked(self, text: str | None) -> str | None:
        most = self.most_bytes
        # Of a text with few characters nobody has to count the bytes.
        if text is not None and 4 * len(text) > most and len(text.encode()) > most:
            raise InvalidInput(
                f"a text is longer than the {most:,} bytes that its column has on this database; "
                "shorten it"
            )
        return text


class JsonText(TypeDecorator[Any]):
    """A value as JSON in a column of texts.

    Parameters
    ----------
    as_type : type, optional
        What the text is decoded to; plain lists and dictionaries unless told.
    most_bytes : int, optional
        Most bytes of the text; see `SizedText`.
    """

    impl = SizedText
    cache_ok = True

    def __init__(self, as_type: Any = Any, most_bytes: int = LONG_TEXT) -> None:
        super().__init__(most_bytes)
        self.as_type, self.most_bytes = as_type, most_bytes

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
