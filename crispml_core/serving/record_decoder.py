"""One JSON record, or many, as tuples of the record schema in a microsecond or two.

The decoder accepts what is surely valid and explains nothing: on any doubt it returns None, and the
caller takes the slow way (`crispml_core.rest.strict_json`, `crispml_core.tables.records`), which
decides and names row, field and rule. So the two can never disagree about what is accepted. msgspec
checks types, ranges and categories while it parses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import ceil, floor
from typing import Annotated, Any, Literal

import msgspec

from crispml_core.domain.fields import MAX_KEY_LENGTH, Field, RecordSchema
from crispml_core.tables import parsing

Record = tuple[Any, ...]
# Bounds within which a number means the same to every parser.
_EXACT, _LARGE = 2**53, 9e18
_KEY_TOKEN = re.compile(rb'"[ \t\r\n]*:')


class RecordDecoder:
    """A decoder of JSON records, built from a record schema.

    Parameters
    ----------
    schema : RecordSchema
        What a record is. A schema with dates or moments is read as text first.
    """

    def __init__(self, schema: RecordSchema) -> None:
        fields = tuple(schema)
        struct = msgspec.defstruct(
            "Record",
            [
                _attribute(n, field, field.name == schema.record_key)
                for n, field in enumerate(fields)
            ],
            rename={f"f{number}": field.name for number, field in enumerate(fields)},
            forbid_unknown_fields=True,
            kw_only=True,
            gc=False,
        )
        self._one = msgspec.json.Decoder(struct).decode
        self._many = msgspec.json.Decoder(list[struct]).decode  # type: ignore[valid-type]
        self._row = _row_maker(fields, schema.record_key)

    def one(self, body: bytes) -> Record | None:
        """Return the record that a JSON object holds, or None in doubt."""
        try:
            record = self._one(body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None
        row, keys = self._row(record)
        return row if names_none_twice(body, keys) else None

    def many(self, body: bytes) -> list[Record] | None:
        """Return the records that a JSON array holds, or None in doubt."""
        try:
            records = self._many(body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None
        rows, keys = [], 0
        for record in records:
            row, present = self._row(record)
            rows.append(row)
            keys += present
        return rows if names_none_twice(body, keys) and None not in rows else None  # type: ignore[return-value]


def names_none_twice(body: bytes, keys: int) -> bool:
    """Return True only if no object of a JSON text names a key twice.

    The parser keeps the last of two equal keys and forgets the other. Every key has a colon behind
    it, so a text with as many colons as there are keys left has lost none. Where values hold colons
    too, quotes with a colon behind them are counted; one inside of a value, behind an escaped
    quote, only sends the body the slow way.

    Parameters
    ----------
    body : bytes
        The JSON.
    keys : int
        How many keys the parser kept.
    """
    if body.count(b":") == keys:
        return True
    if b" :" in body or b"\n:" in body or b"\t:" in body or b"\r:" in body:
        return len(_KEY_TOKEN.findall(body)) == keys
    return body.count(b'":') == keys


def _attribute(number: int, field: Field, is_key: bool) -> tuple[Any, ...]:
    kind = _type(field, min(field.max_length, MAX_KEY_LENGTH) if is_key else field.max_length)
    if field.nullable:  # may be left out, which is not the same as null when keys are counted
        return (f"f{number}", kind | msgspec.UnsetType | None, msgspec.UNSET)
    return (f"f{number}", kind)


def _type(field: Field, longest: int) -> Any:
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
            return Annotated[str, msgspec.Meta(max_length=longest)]
        case _:
            return str


def _at_least(field: Field) -> int:
    return -_EXACT if field.minimum is None else max(-_EXACT, ceil(field.minimum))


def _at_most(field: Field) -> int:
    return _EXACT if field.maximum is None else min(_EXACT, floor(field.maximum))


def _row_maker(
    fields: tuple[Field, ...], record_key: str
) -> Callable[[Any], tuple[Record | None, int]]:
    """Return the function from a decoded record to its tuple, None in doubt, and its keys."""
    key = next(number for number, field in enumerate(fields) if field.name == record_key)
    texts = [number for number, field in enumerate(fields) if field.type == "string"]
    nullable = [number for number, field in enumerate(fields) if field.nullable]
    readers = {
        number: parsing.day if field.type == "date" else parsing.moment
        for number, field in enumerate(fields)
        if field.type in ("date", "datetime")
    }
    values_of, unset, whole = msgspec.structs.astuple, msgspec.UNSET, len(fields)

    def row(record: Any) -> tuple[Record | None, int]:
        values: Record = values_of(record)
        keys = whole
        if nullable:
            absent = [number for number in nullable if values[number] is unset]
            if absent:
                keys -= len(absent)
                values = tuple(None if value is unset else value for value in values)
        for number in texts:
            text = values[number]
            if text is not None and "\0" in text:
                return None, keys
        if key in texts and not values[key].strip():
            return None, keys
        return (_with_moments(values, readers) if readers else values), keys

    return row


def _with_moments(values: Record, readers: Mapping[int, Callable[[str], Any]]) -> Record | None:
    changed = list(values)
    for number, read in readers.items():
        if values[number] is not None:
            changed[number] = read(values[number])
            if changed[number] is None:
                return None
    return tuple(changed)
