"""A made-up record to begin with: typical where the training data are known, else just valid."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from crispml_core.client import Field

_KEY_DIGITS = 6


def example(
    fields: Sequence[Field], record_key: str, profile: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, str | int | float | bool]:
    """Return a record that keeps the schema.

    Parameters
    ----------
    record_key : str
        The field whose value is new each time.
    profile : mapping, optional
        What is known of the columns of the training data: ``mean``, and ``top`` of values.
    """
    known = profile or {}
    return {
        field.name: _key(field)
        if field.name == record_key
        else _value(field, known.get(field.name, {}))
        for field in fields
    }


def _key(field: Field) -> str | int:
    if field.type == "integer":
        low = 1 if field.minimum is None else int(field.minimum)
        high = low + 10**9 if field.maximum is None else int(field.maximum)
        return low + secrets.randbelow(high - low + 1)
    return f"EXAMPLE-{secrets.token_hex(_KEY_DIGITS // 2)}"[-field.max_length :]


def _value(field: Field, known: Mapping[str, Any]) -> str | int | float | bool:
    seen = [entry["value"] for entry in known.get("top", ()) if entry.get("value") is not None]
    match field.type:
        case "category":
            return next((value for value in seen if value in field.values), field.values[0])
        case "integer" | "number":
            number = _within(field, known.get("mean"))
            return round(number) if field.type == "integer" else round(number, 2)
        case "boolean":
            return bool(seen[0]) if seen and isinstance(seen[0], bool) else True
        case "date":
            return "2026-01-31"
        case "datetime":
            return "2026-01-31T12:00:00Z"
        case _:
            return "text"[: field.max_length]


def _within(field: Field, mean: float | None) -> float:
    low, high = field.minimum, field.maximum
    if mean is not None:
        value = mean
    elif low is not None and high is not None:
        value = (low + high) / 2
    else:
        value = (low or 0.0) + 1
    value = value if low is None else max(value, low)
    return value if high is None else min(value, high)
