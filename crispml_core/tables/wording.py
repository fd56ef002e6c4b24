"""What is said about a broken value: one sentence per rule, without the value.

Both edges, tables and JSON records, say the same.
"""

from __future__ import annotations

from collections.abc import Callable

from crispml_core.domain.bounds import say_bounds
from crispml_core.domain.fields import MAX_KEY_LENGTH, Field

_LISTED = 20

# What a sentence tells apart and a program need not.
_CODES = {"empty_key": "missing", "characters": "type", "key_length": "max_length"}

_KIND = {
    "integer": "a whole number of at most 64 bits",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "date": "a date such as 2024-01-31",
    "datetime": "a moment such as 2024-01-31T12:00:00Z",
}


def sentence(field: Field, rule: str) -> str:
    """Return the sentence for a value of `field` that breaks `rule`."""
    return f"field {field.name} {_REST[rule](field)}"


def code(rule: str) -> str:
    """Return the rule as the code of a `Problem`."""
    return _CODES.get(rule, rule)


def _kind(field: Field) -> str:
    return _category(field) if field.type == "category" else f"must be {_KIND[field.type]}"


def _category(field: Field) -> str:
    listed = ", ".join(repr(value) for value in field.values[:_LISTED])
    more = len(field.values) - _LISTED
    return f"must be one of {listed}" + (f" and {more} more" if more > 0 else "")


_REST: dict[str, Callable[[Field], str]] = {
    "type": _kind,
    "range": lambda field: f"must be {say_bounds(field.minimum, field.maximum)}",
    "category": _category,
    "finite": lambda field: "must be finite, not NaN or infinite",
    "missing": lambda field: "is missing; the field is not nullable",
    "empty_key": lambda field: "is empty; every record needs a record key",
    "max_length": lambda field: f"must have at most {field.max_length} characters",
    "key_length": lambda field: f"is the record key: at most {MAX_KEY_LENGTH} characters",
    "characters": lambda field: "must not hold a NUL or a broken character",
}
