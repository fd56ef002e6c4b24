"""An inclusive range with two optional ends: checked and said the same everywhere."""

from __future__ import annotations

import math

from crispml_core.domain.errors import InvalidInput


def check_bounds(what: str, minimum: float | None, maximum: float | None) -> None:
    """Raise `InvalidInput` about `what` when the range is empty."""
    if minimum is not None and maximum is not None and minimum > maximum:
        raise InvalidInput(f"{what}: minimum is larger than maximum")


def is_finite(value: float) -> bool:
    """Return whether a number is one of float64; an integer of 400 digits is none."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def is_within(value: float, minimum: float | None, maximum: float | None) -> bool:
    """Return whether a number lies in the range; NaN lies in none."""
    return (
        value == value
        and (minimum is None or value >= minimum)
        and (maximum is None or value <= maximum)
    )


def say_bounds(minimum: float | None, maximum: float | None) -> str:
    """Return the range as the end of a sentence that begins with *must be*.

    Examples
    --------
    >>> say_bounds(0, None), say_bounds(None, 9), say_bounds(0, 9), say_bounds(None, None)
    ('at least 0', 'at most 9', 'between 0 and 9', 'finite')
    """
    if minimum is None and maximum is None:
        return "finite"
    if maximum is None:
        return f"at least {minimum:g}"
    if minimum is None:
        return f"at most {maximum:g}"
    return f"between {minimum:g} and {maximum:g}"
