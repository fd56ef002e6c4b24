"""Curated columns of one record, in plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from crispml_core.domain.compiled import CuratedColumn, Lookup

T = TypeVar("T")

Cell = Callable[[Any], float]
"""Turns the value of a prepared field (None is missing) into that of a curated column."""


class Refused(Exception):
    """Says which field holds what the curation refuses; the scorer turns it into an error."""


def cell_of(column: CuratedColumn) -> Cell:
    """Return the function of one curated column."""
    if column.is_text:
        assert column.lookup is not None
        return _looked_up(column.source, column.lookup)
    parts: list[Cell] = [step.operation() for step in column.steps]
    if column.lookup is not None:
        parts.append(_looked_up(column.source, column.lookup))

    def cell(value: Any) -> float:
        number = math.nan if value is None else float(value)
        for part in parts:
            number = part(number)
        return number

    return cell


class RowCuration:
    """The curated columns of prepared records, field by field instead of column by column.

    Parameters
    ----------
    columns : sequence of CuratedColumn
        What to make.
    positions : mapping of str to int
        Where a prepared record holds each field.

    Attributes
    ----------
    order : list of int
        Place of each curated column in what a call returns.
    """

    def __init__(self, columns: Sequence[CuratedColumn], positions: Mapping[str, int]) -> None:
        by_source: dict[str, list[int]] = {}
        for place, column in enumerate(columns):
            by_source.setdefault(column.source, []).append(place)
        made = [place for places in by_source.values() for place in places]
        self.order = sorted(range(len(made)), key=made.__getitem__)
        self._parts = [
            (positions[source], _cells([columns[place] for place in places]))
            for source, places in by_source.items()
        ]

    def __call__(self, row: Sequence[Any]) -> list[float]:
        """Return the curated values of one prepared record; see `order`."""
        values: list[float] = []
        for place, cells in self._parts:
            values += cells(row[place])
        return values


def _cells(columns: Sequence[CuratedColumn]) -> Callable[[Any], tuple[float, ...]]:
    """Return the function from a value to all curated columns of its field."""
    cells = [cell_of(column) for column in columns]

    def give(value: Any) -> tuple[float, ...]:
        return tuple([cell(value) for cell in cells])

    if not columns[0].is_text:
        return give
    return ByValue(known_values(columns, give), give).__getitem__


class ByValue(dict[Any, T], Generic[T]):
    """What is known for each value; `give` decides about others, of which some are kept."""

    _KEPT = 1000

    def __init__(self, known: Mapping[Any, T], give: Callable[[Any], T]) -> None:
        super().__init__(known)
        self._give, self._most = give, len(known) + self._KEPT

    def __missing__(self, key: Any) -> T:
        given = self._give(key)
        if len(self) < self._most:
            self[key] = given
        return given


def known_values(columns: Iterable[CuratedColumn], give: Callable[[Any], T]) -> dict[Any, T]:
    """Return what `give` gives for every value in the look-ups, without what is refused."""
    known = {}
    keys = dict.fromkeys(key for column in columns if column.lookup for key in column.lookup.keys)
    for key in keys:
        try:
            known[key] = give(key)
        except Refused:
            continue
    return known


def _looked_up(source: str, lookup: Lookup) -> Cell:
    table = dict(zip(lookup.keys, lookup.values, strict=True))
    unknown, missing = lookup.unknown, lookup.missing

    def cell(value: Any) -> float:
        found = table.get(value)
        if found is not None:
            return found
        is_missing = value is None or value != value
        found = missing if is_missing else unknown
        if found is None:
            what = "is missing" if is_missing else "holds a value"
            raise Refused(f"field {source} {what}, which the curation has not seen in training")
        return found

    return cell
