"""Records that came by column, checked by the rules that every record must keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from crispml_core.domain.fields import RecordSchema
from crispml_core.rest.dialects.leniency import Family, as_declared
from crispml_core.tables.column_names import check_columns
from crispml_core.tables.findings import Findings
from crispml_core.tables.records import RecordReader

if TYPE_CHECKING:
    import pyarrow as pa

Columns = Sequence[tuple[str, Family, Sequence[Any]]]
"""Name, what it holds, and the values of each column; all have the same number of values."""


class CheckedRecords:
    """Records that keep the record schema.

    Parameters
    ----------
    columns : sequence of sequence
        The values of each field, in the order of the fields; dates as dates.
    """

    def __init__(self, reader: RecordReader, columns: Sequence[Sequence[Any]]) -> None:
        self._reader, self._columns = reader, columns

    def __len__(self) -> int:
        return len(self._columns[0])

    def rows(self) -> list[tuple[Any, ...]]:
        """Return one tuple per record, in the order of the fields."""
        return list(zip(*self._columns, strict=True))

    def batch(self) -> pa.RecordBatch:
        """Return the records as a batch of the Arrow schema of the record schema."""
        return self._reader.batch(self._columns)


class ColumnReader:
    """Checks records of one use case; made once.

    Parameters
    ----------
    schema : RecordSchema
        What a record is.
    target : str, optional
        Name of the target, which must not be sent.
    """

    def __init__(self, schema: RecordSchema, target: str | None = None) -> None:
        self.schema = schema
        self._target = target
        self._names = schema.names
        self._optional = frozenset(field.name for field in schema if field.nullable)
        self._reader = RecordReader(schema, target=target, record_key=schema.record_key)

    def from_columns(self, columns: Columns) -> CheckedRecords:
        """Check values by column.

        Raises
        ------
        InvalidRecords
            If a column is missing, unknown or there twice, or a value breaks a rule.
        """
        found = [name for name, _, _ in columns]
        if found != list(self._names):
            self._check_names(found)
        by_name = {name: (family, values) for name, family, values in columns}
        absent = [None] * len(columns[0][2])
        ordered = []
        for field in self.schema:
            family, values = by_name.get(field.name, ("json", absent))
            ordered.append(as_declared(values, family, field))
        checked, findings = self._reader.check(ordered)
        findings.raise_if_any()
        return CheckedRecords(self._reader, checked)

    def from_records(self, records: Sequence[Any]) -> CheckedRecords:
        """Check records that came as JSON objects.

        Raises
        ------
        InvalidRecords
            If one of them is none, or breaks a rule.
        """
        columns, findings = self._reader.columns(records)
        findings.raise_if_any()
        return CheckedRecords(self._reader, columns)

    def _check_names(self, found: Sequence[str]) -> None:
        findings = Findings()
        problems = check_columns(found, self._names, optional=self._optional, target=self._target)
        for problem in problems:
            findings.add(problem)
        findings.raise_if_any()


def by_position(
    names: Sequence[str], family: Family, flat: Sequence[Any]
) -> list[tuple[str, Family, Sequence[Any]]]:
    """Return the columns of values that came row after row."""
    width = len(names)
    return [(name, family, flat[place::width]) for place, name in enumerate(names)]
