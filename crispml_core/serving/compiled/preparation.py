"""The declared preparation of a use case on plain records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime
from typing import Any

from crispml_core.domain.expressions import compile_scalar
from crispml_core.domain.use_case import Derive, UseCase

Row = tuple[Any, ...]


class RowPreparation:
    """Adds the derived fields that somebody needs to records in the order of the schema.

    Parameters
    ----------
    use_case : UseCase
        Declares the fields and what is derived from them.
    needed : collection of str
        Names of prepared fields.
    """

    def __init__(self, use_case: UseCase, needed: Collection[str]) -> None:
        names = use_case.schema.names
        steps = needed_steps(use_case, needed)
        self.positions = {name: place for place, name in enumerate(names)}
        for step in steps:
            self.positions[step.name] = len(self.positions)
        self._steps = [(step.name, _function(use_case, step)) for step in steps]
        read = {name for step in steps for name in step.expression.fields()}
        self._read = [(name, place) for place, name in enumerate(names) if name in read]
        self._dates = [
            field.name
            for field in use_case.schema
            if field.type in ("date", "datetime") and field.name in read
        ]

    def __call__(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return the records with the derived values behind the given ones; see `positions`."""
        if not self._steps:
            return rows
        return [(*row, *self._derive(row)) for row in rows]

    def record(self, row: Row) -> dict[str, Any]:
        """Return the prepared fields of one record by name."""
        return dict(zip(self.positions, (*row, *self._derive(row)), strict=True))

    def _derive(self, row: Row) -> list[Any]:
        record = {name: row[place] for name, place in self._read}
        for name in self._dates:
            if record[name] is not None:
                record[name] = iso_text(record[name])
        values = []
        for name, compute in self._steps:
            value = record[name] = compute(record)
            values.append(value)
        return values


def _function(use_case: UseCase, step: Derive) -> Callable[[dict[str, Any]], Any]:
    """Return the function of a step; of one category each value is computed once."""
    compute = compile_scalar(step.expression)
    read = set(step.expression.fields())
    if len(read) != 1:
        return compute
    (name,) = read
    schema = use_case.schema
    if name not in schema or schema[name].type != "category":
        return compute
    known = {value: compute({name: value}) for value in (*schema[name].values, None)}
    return lambda record: known[record[name]]


def needed_steps(use_case: UseCase, needed: Collection[str]) -> list[Derive]:
    """Return the steps of the preparation that lead to the needed fields, in order."""
    wanted = set(needed)
    steps = []
    for step in reversed(use_case.derived):
        if step.name in wanted:
            wanted.update(step.expression.fields())
            steps.append(step)
    return steps[::-1]


def may_be_missing(use_case: UseCase) -> Callable[[str], bool]:
    """Return the function that says whether a prepared field may be missing."""
    never = {field.name for field in use_case.schema if not field.nullable}
    return lambda name: name not in never


def iso_text(value: date) -> str:
    """Return a date or a moment as expressions see it: 2024-01-31, 2024-01-31T12:00:00Z."""
    if not isinstance(value, datetime):
        return value.isoformat()
    moment = value.astimezone(UTC) if value.tzinfo else value
    return moment.replace(tzinfo=None).isoformat() + "Z"
