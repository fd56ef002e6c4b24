"""Values that came under another type than that of their field, where both say the same.

The tensors of a client have the types of its arrays: whole numbers become floats as soon as one is
missing, categories may be numbers, dates are moments at midnight. What does not say the same
exactly stays as it is, and is refused by the rules of the field.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, Literal

from crispml_core.domain.fields import Field
from crispml_core.tables import parsing

Family = Literal["whole", "float", "text", "truth", "json"]
"""What a tensor holds; ``json``: values of any JSON type."""

_TRUTHS = {
    **dict.fromkeys(("true", "yes", "t", "y", "1"), True),
    **dict.fromkeys(("false", "no", "f", "n", "0"), False),
}
_MIDNIGHT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]00:00(:00(\.0+)?)?(Z|\+00:00)?")

Convert = Callable[[Any], Any]


def as_declared(values: Sequence[Any], family: Family, field: Field) -> Sequence[Any]:
    """Return values as JSON would have them for this field, None for missing."""
    if family == "float" and field.nullable and any(value != value for value in values):
        values = [None if value != value else value for value in values]
    convert = _CONVERSIONS.get((family, field.type))
    if convert is None:
        return values
    return [None if value is None else convert(value) for value in values]


def _or_as_it_is(parse: Callable[[str], Any]) -> Convert:
    def convert(value: Any) -> Any:
        parsed = parse(value) if isinstance(value, str) else None
        return value if parsed is None else parsed

    return convert


def _truth_of_text(text: str) -> bool | None:
    return _TRUTHS.get(text.strip().lower())


def _truth_of_number(value: Any) -> Any:
    return bool(value) if isinstance(value, int | float) and value in (0, 1) else value


def _text_of_float(value: float) -> Any:
    if not math.isfinite(value):
        return value
    return str(int(value)) if value.is_integer() else str(value)


def _text_of_truth(value: bool) -> str:
    return "true" if value else "false"


def _text_of_json(value: Any) -> Any:
    if isinstance(value, bool):
        return _text_of_truth(value)
    if isinstance(value, float):
        return _text_of_float(value)
    return str(value) if isinstance(value, int) else value


def _moment(value: Any) -> Any:
    # This is how pandas writes a missing one.
    return None if value == "NaT" else value


def _day(value: Any) -> Any:
    value = _moment(value)
    found = _MIDNIGHT.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else value


_CONVERSIONS: dict[tuple[str, str], Convert] = {
    ("text", "integer"): _or_as_it_is(parsing.whole),
    ("text", "number"): _or_as_it_is(parsing.number),
    ("text", "boolean"): _or_as_it_is(_truth_of_text),
    ("text", "date"): _day,
    ("text", "datetime"): _moment,
    ("json", "boolean"): _truth_of_number,
    ("json", "category"): _text_of_json,
    ("json", "string"): _text_of_json,
    ("json", "date"): _day,
    ("json", "datetime"): _moment,
    ("whole", "boolean"): _truth_of_number,
    ("whole", "category"): str,
    ("whole", "string"): str,
    ("float", "boolean"): _truth_of_number,
    ("float", "category"): _text_of_float,
    ("float", "string"): _text_of_float,
    ("truth", "category"): _text_of_truth,
    ("truth", "string"): _text_of_truth,
}
