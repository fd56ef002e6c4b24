"""Made-up values in place of private ones, for records that lie beside a model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from crispml_core.domain.fields import Field, RecordSchema

_DAY = date(2000, 1, 1)


def nobodys(schema: RecordSchema, records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return JSON records with made-up values in each private field; missing ones stay missing."""
    private = [field for field in schema if not field.is_clear]
    return [
        record
        | {
            field.name: stand_in(field, number)
            for field in private
            if record.get(field.name) is not None
        }
        for number, record in enumerate(records)
    ]


def stand_in(field: Field, number: int) -> Any:
    """Return a value that keeps the rules of a field and is nobody's, as JSON has it.

    Parameters
    ----------
    number : int
        Different numbers give different values, as far as there are any.
    """
    low = field.minimum if field.minimum is not None else min(0.0, (field.maximum or 0.0) - 100)
    high = field.maximum if field.maximum is not None else low + 100
    match field.type:
        case "integer":
            first = math.ceil(low)
            return first + number % (math.floor(high) - first + 1)
        case "number":
            return low + (high - low) * (number % 11) / 10
        case "category":
            return field.values[number % len(field.values)]
        case "boolean":
            return number % 2 == 0
        case "date":
            return (_DAY + timedelta(days=number)).isoformat()
        case "datetime":
            return f"{(_DAY + timedelta(days=number)).isoformat()}T00:00:00Z"
        case _:
            return f"n{number}"[: field.max_length]
