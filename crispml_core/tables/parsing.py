"""Numbers, dates and moments from text, one value at a time.

Stricter than Python (no underscores, no digits beyond ASCII) and the same wherever text is read.
Each function returns None for text that it does not accept.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

SMALLEST, LARGEST = -(2**63), 2**63 - 1

_WHOLE = re.compile(r"([+-]?[0-9]{1,40})(\.0*)?")
_NUMBER = re.compile(
    r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|[+-]?(inf|infinity|nan)", re.IGNORECASE
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?",
    re.IGNORECASE,
)


def whole(text: str) -> int | None:
    """Read a whole number of at most 64 bits; ``12.0`` is one."""
    match = _WHOLE.fullmatch(text.strip())
    value = int(match[1]) if match else None
    return value if value is not None and SMALLEST <= value <= LARGEST else None


def number(text: str) -> float | None:
    """Read a float64; may be NaN or infinite, which is for the caller to refuse."""
    text = text.strip()
    return float(text) if _NUMBER.fullmatch(text) else None


def day(text: str) -> date | None:
    """Read an ISO 8601 date: ``2024-01-31``."""
    text = text.strip()
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def moment(text: str) -> datetime | None:
    """Read an RFC 3339 moment; one without a zone counts as UTC, a date as its midnight."""
    text = text.strip().upper()
    try:
        value = datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_encodable(text: str) -> bool:
    """Whether a text can be UTF-8; JSON can spell half of a surrogate pair, which cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
