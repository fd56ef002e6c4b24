"""One JSON record, or many, as tuples of the record schema in a microsecond or two.

The decoder accepts what is surely valid and explains nothing: on any doubt it returns None, and the
caller takes the slow way (`crispml_core.rest.strict_json`, `crispml_core.tables.records`), which
decides and names row, field and rule. So the two can never disagree about what is accepted. msgspec
checks types, ranges and categories while it parses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeAlias

import msgspec

from crispml_core.domain.fields import Field, RecordSchema
from crispml_core.serving.json_types import json_type
from crispml_core.serving.names_twice import names_none_twice
from crispml_core.tables import parsing

if TYPE_CHECKING:
    import pyarrow as pa

    from crispml_core.serving.record_columns import RecordColumns

Record = tuple[Any, ...]
Records: TypeAlias = "list[Record] | pa.RecordBatch"
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Wrapped(NamedTuple):
    """Records, and who shall answer them."""

    records: Records
    alias: str | None
    model_version: str | None


class RecordDecoder:
    """A decoder of JSON records, built from a record schema.

    Parameters
    ----------
    schema : RecordSchema
        What a record is. A schema with dates or moments is read as text first.
    column_rows : int, optional
        From so many records on `many` returns columns.
    """

    def __init__(self, schema: RecordSchema, column_rows: int | None = None) -> None:
        self._schema, self._column_rows = schema, column_rows
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
        wrapped = msgspec.defstruct(
            "Wrapped",
            [
                ("records", list[struct]),  # type: ignore[valid-type]
                ("alias", _Name | None, None),
                ("model_version", _Name | None, None),
            ],
            forbid_unknown_fields=True,
        )
        self._wrapped: Callable[[bytes], Any] = msgspec.json.Decoder(wrapped).decode
        self._row = _row_maker(fields, schema.record_key)

    def one(self, body: bytes) -> Record | None:
        """Return the record that a JSON object holds, or None in doubt."""
        try:
            record = self._one(body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None
        row, keys = self._row(record)
        return row if names_none_twice(body, keys) else None

    def many(self, body: bytes) -> Records | None:
        """Return the records that a JSON array holds, or None in doubt."""
        try:
            records = self._many(body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None
        return self._read(body, records, 0)

    def wrapped(self, body: bytes) -> Wrapped | None:
        """Return what an object with ``records`` holds, or None in doubt."""
        try:
            found = self._wrapped(body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None
        names = (found.alias, found.model_version)
        if None not in names:
            return None
        records = self._read(body, found.records, 1 + len(names) - names.count(None))
        return None if records is None else Wrapped(records, *names)

    def _read(self, body: bytes, records: Sequence[Any], more_keys: int) -> Records | None:
        """Return decoded records; `more_keys` are those of the body around them."""
        if self._column_rows is not None and len(records) >= self._column_rows:
            batch, keys = self._columns(records)
            return batch if names_none_twice(body, keys + more_keys) else None
        rows, keys = [], more_keys
        for record in records:
            row, present = self._row(record)
            rows.append(row)
            keys += present
        return rows if names_none_twice(body, keys) and None not in rows else None

    @cached_property
    def _columns(self) -> RecordColumns:
        # Here, because a process that answers single records needs no Arrow.
        from crispml_core.serving.record_columns import RecordColumns

        return RecordColumns(self._schema)


def _attribute(number: int, field: Field, is_key: bool) -> tuple[Any, ...]:
    kind = json_type(field, is_key=is_key)
    if field.nullable:  # may be left out, which is not the same as null when keys are counted
        return (f"f{number}", kind | msgspec.UnsetType | None, msgspec.UNSET)
    return (f"f{number}", kind)


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
