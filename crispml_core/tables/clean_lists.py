"""Whole columns of plain Python values that keep every rule, accepted in a few passes in C.

What is not accepted here is not wrong yet: `crispml_core.tables.records` then looks at value by
value, and says what it finds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from crispml_core.domain.fields import MAX_KEY_LENGTH, Field
from crispml_core.tables.parsing import LARGEST, SMALLEST, is_encodable

Values = Sequence[Any]
Accept = Callable[[Values], Values | None]


def acceptor(field: Field, *, is_key: bool = False) -> Accept:
    """Return the function that gives a column as it is to be kept, or None when it cannot tell."""
    accept = _ACCEPTORS.get(field.type, _undecided)(field, is_key)
    if field.nullable and field.type != "category":
        return _with_gaps(accept)
    return accept


def _with_gaps(accept: Accept) -> Accept:
    """Accept a column whose known values are fine as they are."""

    def accept_known(values: Values) -> Values | None:
        if None not in values:
            return accept(values)
        known = [value for value in values if value is not None]
        kept = accept(known) if known else known
        if kept is None:
            return None
        if kept is known:
            return values
        remaining = iter(kept)
        return [None if value is None else next(remaining) for value in values]

    return accept_known


def _integers(field: Field, is_key: bool) -> Accept:
    low = SMALLEST if field.minimum is None else max(SMALLEST, field.minimum)
    high = LARGEST if field.maximum is None else min(LARGEST, field.maximum)
    kinds = {int, float}

    def accept(values: Values) -> Values | None:
        found = set(map(type, values))
        if float in found and found <= kinds:
            values = _exact(values)
            found = set(map(type, values))
        if found == {int} and min(values) >= low and max(values) <= high:
            return values
        return None

    return accept


def _exact(values: Values) -> Values:
    """Return floats as whole numbers, or nothing when one of them is none."""
    try:
        whole = list(map(int, values))
    except (ValueError, OverflowError):
        return ()
    return whole if whole == list(values) else ()


def _numbers(field: Field, is_key: bool) -> Accept:
    low = -math.inf if field.minimum is None else field.minimum
    high = math.inf if field.maximum is None else field.maximum
    kinds = {int, float}

    def accept(values: Values) -> Values | None:
        found = set(map(type, values))
        if not found or not found <= kinds:
            return None
        least, most = min(values), max(values)
        if not (low <= least and most <= high):
            return None
        if int not in found:
            return values if math.isfinite(sum(values)) else None
        # Whole numbers beyond 64 bits are refused, one by one.
        if least < SMALLEST or most > LARGEST:
            return None
        values = list(map(float, values))
        return values if math.isfinite(sum(values)) else None

    return accept


def _truths(field: Field, is_key: bool) -> Accept:
    return lambda values: values if set(map(type, values)) == {bool} else None


def _categories(field: Field, is_key: bool) -> Accept:
    allowed = frozenset((*field.values, None) if field.nullable else field.values)

    def accept(values: Values) -> Values | None:
        try:
            return values if allowed.issuperset(values) else None
        except TypeError:  # a list or an object, which no set holds
            return None

    return accept


def _texts(field: Field, is_key: bool) -> Accept:
    longest = min(field.max_length, MAX_KEY_LENGTH) if is_key else field.max_length

    def accept(values: Values) -> Values | None:
        if set(map(type, values)) != {str} or max(map(len, values)) > longest:
            return None
        together = "".join(values)
        if "\0" in together or not (together.isascii() or is_encodable(together)):
            return None
        return None if is_key and not all(map(str.strip, values)) else values

    return accept


def _undecided(field: Field, is_key: bool) -> Accept:
    return lambda values: None


_ACCEPTORS: dict[str, Callable[[Field, bool], Accept]] = {
    "integer": _integers,
    "number": _numbers,
    "boolean": _truths,
    "category": _categories,
    "string": _texts,
}
