"""Records from JSON as a batch of the record schema: the edge of the REST services.

JSON types are strict: a truth value is not a number and ``"12"`` is not one either. Each value is
checked in plain Python, so that one record costs microseconds; Arrow sees whole columns only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa

from crispml_core.domain.errors import Problem, did_you_mean
from crispml_core.domain.fields import MAX_KEY_LENGTH, Field, RecordSchema
from crispml_core.tables import parsing
from crispml_core.tables.findings import Findings
from crispml_core.tables.schema import arrow_schema
from crispml_core.tables.wording import code, sentence

Check = Callable[[Any], Any]


class _Broken(Exception):
    """Says which rule a value breaks; never leaves this module."""


def from_records(
    records: Sequence[Any],
    fields: Iterable[Field],
    *,
    target: str | None = None,
    record_key: str | None = None,
) -> tuple[pa.RecordBatch, Findings]:
    """Check records and turn them into one batch.

    Parameters
    ----------
    records : sequence
        What the JSON array held; anything but an object is a finding.
    fields : iterable of Field
        What is expected. A `RecordSchema` brings its record key along. A nullable field may be
        left out.
    target : str, optional
        Name of the target; a record that carries it is refused by a rule of its own.
    record_key : str, optional
        The field that must not be empty text.

    Returns
    -------
    tuple of pyarrow.RecordBatch and Findings
        The batch has one row per record; a value that was refused is null in it.
    """
    if record_key is None and isinstance(fields, RecordSchema):
        record_key = fields.record_key
    return _reader(tuple(fields), target, record_key).read(records)


@lru_cache(maxsize=64)
def _reader(fields: tuple[Field, ...], target: str | None, record_key: str | None) -> RecordReader:
    return RecordReader(fields, target=target, record_key=record_key)


class RecordReader:
    """`from_records` with its checks built once, for a caller that knows the schema beforehand."""

    def __init__(
        self,
        fields: Iterable[Field],
        *,
        target: str | None = None,
        record_key: str | None = None,
    ) -> None:
        self._fields = tuple(fields)
        self._target = target
        self._names = frozenset(field.name for field in self._fields)
        self._schema = arrow_schema(self._fields)
        self._checks = [(field, _check(field, field.name == record_key)) for field in self._fields]

    def read(self, records: Sequence[Any]) -> tuple[pa.RecordBatch, Findings]:
        """Check records and turn them into one batch."""
        findings = Findings()
        columns: list[list[Any]] = [[] for _ in self._checks]
        for row, record in enumerate(records):
            if isinstance(record, dict):
                self._read_one(row, record, columns, findings)
                continue
            findings.add(Problem("type", "a record must be a JSON object", None, row))
            for column in columns:
                column.append(None)
        arrays = [
            pa.array(column, type=field.type)
            for column, field in zip(columns, self._schema, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema), findings

    def _read_one(
        self, row: int, record: dict[str, Any], columns: list[list[Any]], findings: Findings
    ) -> None:
        present = 0
        for (field, check), column in zip(self._checks, columns, strict=True):
            raw = record.get(field.name)
            value = None
            if raw is not None:
                present += 1
                try:
                    value = check(raw)
                except _Broken as broken:
                    self._note(findings, row, field, broken.args[0])
            else:
                present += field.name in record
                if not field.nullable:
                    self._note(findings, row, field, "missing")
            column.append(value)
        if present != len(record):
            self._note_unknown(findings, row, record)

    def _note(self, findings: Findings, row: int, field: Field, rule: str) -> None:
        message = sentence(field, rule)
        findings.add(Problem(code(rule), message, field.name, row))

    def _note_unknown(self, findings: Findings, row: int, record: dict[str, Any]) -> None:
        absent = [name for name in self._names if name not in record]
        for position, name in enumerate(record, start=1):
            if name in self._names:
                continue
            if name == self._target:
                message = f"field {name} is the target; a record must be sent without it"
                findings.add(Problem("target_in_request", message, name, row))
                continue
            hint = did_you_mean(name, sorted(absent or self._names))
            message = f"field number {position} of the record is not a field of the use case{hint}"
            findings.add(Problem("unknown_field", f"{message}; remove it", None, row))


def _check(field: Field, is_key: bool) -> Check:
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
            raise _Broken("range")
        return value

    return check


def _integer(value: Any) -> int:
    if type(value) is float and math.isfinite(value) and value == math.floor(value):
        value = int(value)
    if type(value) is float and not math.isfinite(value):
        raise _Broken("finite")
    if type(value) is not int or not parsing.SMALLEST <= value <= parsing.LARGEST:
        raise _Broken("type")
    return value


def _number(value: Any) -> float:
    if type(value) is float:
        if not math.isfinite(value):
            raise _Broken("finite")
        return value
    return float(_integer(value))


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise _Broken("type")
    return value


def _category(field: Field) -> Check:
    allowed = frozenset(field.values)

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise _Broken("category")
        return value

    return check


def _string(field: Field, is_key: bool) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise _Broken("type")
        if len(value) > field.max_length:
            raise _Broken("max_length")
        if is_key and len(value) > MAX_KEY_LENGTH:
            raise _Broken("key_length")
        if "\0" in value or not (value.isascii() or _encodable(value)):
            raise _Broken("characters")
        if is_key and not value.strip():
            raise _Broken("empty_key")
        return value

    return check


def _encodable(value: str) -> bool:
    # JSON can spell half of a surrogate pair, which no database and no Arrow column can hold.
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(parse: Callable[[str], Any]) -> Check:
    def check(value: Any) -> Any:
        parsed = parse(value) if isinstance(value, str) else None
        if parsed is None:
            raise _Broken("type")
        return parsed

    return check
