"""Values that the record schema allows, drawn field by field."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from crispml_core.domain.fields import Field

_MISSING_SHARE = 0.05
_SPAN = 1000.0
_FIRST_DAY, _DAYS = date(2000, 1, 1), 9000
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LONGEST = 12


def draw(field: Field, chance: Random) -> Any:
    """Return a value that is valid for a field, as JSON has it."""
    if field.nullable and chance.random() < _MISSING_SHARE:
        return None
    match field.type:
        case "category":
            return chance.choice(field.values)
        case "boolean":
            return chance.random() < 0.5
        case "integer":
            low, high = _range(field)
            return chance.randint(int(-(-low // 1)), int(high // 1))
        case "number":
            return chance.uniform(*_range(field))
        case "date":
            return _day(chance).isoformat()
        case "datetime":
            day = _day(chance)
            moment = datetime(day.year, day.month, day.day, chance.randrange(24), tzinfo=UTC)
            return moment.isoformat()
        case _:
            length = chance.randint(1, min(field.max_length, _LONGEST))
            return "".join(chance.choice(_LETTERS) for _ in range(length))


def _range(field: Field) -> tuple[float, float]:
    low, high = field.minimum, field.maximum
    if low is None:
        low = 0.0 if high is None else min(0.0, high - _SPAN)
    return low, low + _SPAN if high is None else high


def _day(chance: Random) -> date:
    return _FIRST_DAY + timedelta(days=chance.randrange(_DAYS))
