"""Records from JSON as a batch of the record schema: the edge of the REST services.

JSON types are strict: a truth value is not a number and ``"12"`` is not one either. Each value is
checked in plain Python, so that one record costs microseconds; Arrow sees whole columns only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from crispml_core.domain.errors import Problem, did_you_mean
from crispml_core.domain.fields import Field, RecordSchema
from crispml_core.tables.clean_lists import acceptor
from crispml_core.tables.findings import Findings
from crispml_core.tables.value_checks import Broken, Check, value_check
from crispml_core.tables.wording import code, sentence

if TYPE_CHECKING:
    import pyarrow as pa


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
    """`from_records` with its checks built once, for a caller that knows the schema beforehand.

    Columns that keep every rule are accepted as a whole; only the others are looked at value by
    value, with the same outcome.
    """

    def __init__(
        self,
        fields: Iterable[Field],
        *,
        target: str | None = None,
        record_key: str | None = None,
    ) -> None:
        self._fields = tuple(fields)
        self._target = target
        self._ordered = [field.name for field in self._fields]
        self._names = frozenset(self._ordered)
        self._get = itemgetter(*self._ordered)
        self._checks = [
            (field, value_check(field, is_key=field.name == record_key)) for field in self._fields
        ]
        self._accept = [acceptor(field, is_key=field.name == record_key) for field in self._fields]

    def read(self, records: Sequence[Any], offset: int = 0) -> tuple[pa.RecordBatch, Findings]:
        """Check records and turn them into one batch; `offset` is the number of the first row."""
        columns, findings = self.columns(records, offset)
        return self.batch(columns), findings

    def batch(self, columns: Sequence[Sequence[Any]]) -> pa.RecordBatch:
        """Turn checked columns into a batch."""
        # Here, because a process that answers single records needs no Arrow.
        import pyarrow as pa

        from crispml_core.tables.schema import arrow_schema

        schema = arrow_schema(self._fields)
        arrays = [
            pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def columns(
        self, records: Sequence[Any], offset: int = 0
    ) -> tuple[list[Sequence[Any]], Findings]:
        """Check records; return the values of each field, in the order of the fields."""
        raw = self._gather(records)
        if raw is not None:
            return self.check(raw, offset)
        findings = Findings()
        columns: list[list[Any]] = [[] for _ in self._checks]
        for row, record in enumerate(records, start=offset):
            if isinstance(record, dict):
                self._read_one(row, record, columns, findings)
                continue
            findings.add(Problem("type", "a record must be a JSON object", None, row))
            for column in columns:
                column.append(None)
        return list(columns), findings

    def check(
        self, columns: Sequence[Sequence[Any]], offset: int = 0
    ) -> tuple[list[Sequence[Any]], Findings]:
        """Check values that came by column, in the order of the fields, None for missing."""
        findings = Findings()
        checked: list[Sequence[Any]] = []
        for values, accept, (field, check) in zip(columns, self._accept, self._checks, strict=True):
            kept = accept(values)
            if kept is None:
                kept = self._each(values, field, check, findings, offset)
            checked.append(kept)
        return checked, findings

    def _gather(self, records: Sequence[Any]) -> list[Sequence[Any]] | None:
        """Return the values by column; None unless all are objects without an unknown field."""
        if not records or len(self._ordered) < 2 or set(map(type, records)) != {dict}:
            return None
        if set(map(len, records)) == {len(self._ordered)}:
            try:
                return list(zip(*map(self._get, records), strict=True))
            except KeyError:
                return None
        if not all(map(self._names.issuperset, records)):
            return None
        return [[record.get(name) for record in records] for name in self._ordered]

    def _each(
        self,
        values: Sequence[Any],
        field: Field,
        check: Check,
        findings: Findings,
        offset: int,
    ) -> list[Any]:
        checked: list[Any] = []
        for row, raw in enumerate(values, start=offset):
            value = None
            if raw is not None:
                try:
                    value = check(raw)
                except Broken as broken:
                    self._note(findings, row, field, broken.args[0])
            elif not field.nullable:
                self._note(findings, row, field, "missing")
            checked.append(value)
        return checked

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
                except Broken as broken:
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
