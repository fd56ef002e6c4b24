"""Records that break the record schema in one place and must be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from crispml_core.domain.fields import Field

Damage = Callable[[dict[str, Any]], None]
_UNKNOWN = "no_such_field"
_NO_VALUE = "no such value"


def damages(fields: tuple[Field, ...], record_key: str) -> list[tuple[str, Damage]]:
    """Return each way to break a record: the name of the broken rule, and what breaks it."""
    found: list[tuple[str, Damage]] = [("unknown_field", lambda r: r.update({_UNKNOWN: "x"}))]
    for field in fields:
        found += _damages(field, is_key=field.name == record_key)
    return found


def damage(record: dict[str, Any], ways: list[tuple[str, Damage]], chance: Random) -> str:
    """Break one rule in a record, and return its name."""
    name, spoil = chance.choice(ways)
    spoil(record)
    return name


def _damages(field: Field, *, is_key: bool) -> Iterator[tuple[str, Damage]]:
    name = field.name
    if not field.nullable:
        yield "missing", lambda r: r.pop(name)
        yield "null", _put(name, None)
    if is_key:
        return
    if field.type == "category":
        yield "value", _put(name, _NO_VALUE)
    elif field.is_numeric or field.type == "boolean":
        yield "type", _put(name, _NO_VALUE)
    elif field.type in ("date", "datetime"):
        yield "moment", _put(name, _NO_VALUE)
    elif field.type == "string":
        yield "too_long", _put(name, "x" * (field.max_length + 1))
    if field.minimum is not None:
        yield "minimum", _put(name, _beyond(field.minimum, -1))
    if field.maximum is not None:
        yield "maximum", _put(name, _beyond(field.maximum, 1))


def _put(name: str, value: Any) -> Damage:
    return lambda record: record.update({name: value})


def _beyond(bound: float, step: int) -> float | int:
    beyond = bound + step
    return int(beyond) if float(beyond).is_integer() else beyond
