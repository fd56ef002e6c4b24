"""The JSON types of fields for msgspec, which checks types, ranges and categories while it parses.

They accept what is surely valid. What they refuse may be valid all the same, and is left to the
strict way.
"""

from __future__ import annotations

from math import ceil, floor
from typing import Annotated, Any, Literal

import msgspec

from crispml_core.domain.fields import MAX_KEY_LENGTH, Field

# Bounds within which a number means the same to every parser.
_EXACT, _LARGE = 2**53, 9e18


def json_type(field: Field, *, is_key: bool = False) -> Any:
    """Return the type of the values of a field; dates and moments are any text.

    Examples
    --------
    >>> decode = msgspec.json.Decoder(list[json_type(Field("age", "integer", minimum=0))]).decode
    >>> decode(b"[1, 2]")
    [1, 2]
    """
    match field.type:
        case "integer":
            return Annotated[int, msgspec.Meta(ge=_at_least(field), le=_at_most(field))]
        case "number":
            # A whole number beyond 64 bits is refused, and looks like any other float here.
            low = -_LARGE if field.minimum is None else max(field.minimum, -_LARGE)
            high = _LARGE if field.maximum is None else min(field.maximum, _LARGE)
            return Annotated[float, msgspec.Meta(ge=low, le=high)]
        case "boolean":
            return bool
        case "category":
            return Literal[field.values]
        case "string":
            longest = min(field.max_length, MAX_KEY_LENGTH) if is_key else field.max_length
            return Annotated[str, msgspec.Meta(max_length=longest)]
        case _:
            return str


def _at_least(field: Field) -> int:
    return -_EXACT if field.minimum is None else max(-_EXACT, ceil(field.minimum))


def _at_most(field: Field) -> int:
    return _EXACT if field.maximum is None else min(_EXACT, floor(field.maximum))
