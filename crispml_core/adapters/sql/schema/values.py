"""A prediction or a label in two columns: always the text, beside it the number if it is one."""

from __future__ import annotations


def as_text(value: str | float) -> str:
    """Return the text; equal numbers have equal texts."""
    return value if isinstance(value, str) else str(float(value))


def either(text: str, number: float | None) -> str | float:
    """Return the number where there is one, else the text."""
    return text if number is None else number
