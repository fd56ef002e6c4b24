"""One JSON value against the rules of its field, in plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from crispml_core.domain.fields import MAX_KEY_LENGTH, Field
from crispml_core.tables import parsing

Check = Callable[[Any], Any]


class Broken(Exception):
    """Says which rule a value breaks; whoever calls a check catches it."""


def value_check(field: Field, *, is_key: bool = False) -> Check:
    """Return the function that gives a value as it is to be kept, or raises `Broken`."""
    match field.type:
        case "integer":
            return _ranged(_integer, field)
        case "number":
            return _ranged(_number, field)
        case "boolean":
            return _boolean
        case "category":
            return _category(field)
        case "string":
            return _string(field, is_key)
        case "date":
            return _text(parsing.day)
        case "datetime":
            return _text(parsing.moment)


def _ranged(read: Check, field: Field) -> Check:
    low, high = field.minimum, field.maximum
    if low is None and high is None:
        return read

    def check(value: Any) -> Any:
        value = read(value)
        if (low is not None and value < low) or (high is not None and value > high):
            raise Broken("range")
        return value

    return check


def _integer(value: Any) -> int:
    if type(value) is float and math.isfinite(value) and value == math.floor(value):
        value = int(value)
    if type(value) is float and not math.isfinite(value):
        raise Broken("finite")
    if type(value) is not int or not parsing.SMALLEST <= value <= parsing.LARGEST:
        raise Broken("type")
    return value


def _number(value: Any) -> float:
    if type(value) is float:
        if not math.isfinite(value):
            raise Broken("finite")
        return value
    return float(_integer(value))


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise Broken("type")
    return value


def _category(field: Field) -> Check:
    allowed = frozenset(field.values)

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise Broken("category")
        return value

    return check


def _string(field: Field, is_key: bool) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise Broken("type")
        if len(value) > field.max_length:
            raise Broken("max_length")
        if is_key and len(value) > MAX_KEY_LENGTH:
            raise Broken("key_length")
        if "\0" in value or not (value.isascii() or parsing.is_encodable(value)):
            raise Broken("characters")
        if is_key and not value.strip():
            raise Broken("empty_key")
        return value

    return check


def _text(parse: Callable[[str], Any]) -> Check:
    def check(value: Any) -> Any:
        parsed = parse(value) if isinstance(value, str) else None
        if parsed is None:
            raise Broken("type")
        return parsed

    return check
