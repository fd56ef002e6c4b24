"""The ranks of a record on all scales of deep trees; see `DeepCore`."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from crispml_core.domain.compiled import CuratedColumn, DeepCore
from crispml_core.serving.compiled.arrays import array_of
from crispml_core.serving.compiled.curation import ByValue, known_values
from crispml_core.serving.compiled.scales import NumberScales, SetScales
from crispml_core.serving.compiled.tree_cells import TreeCell

if TYPE_CHECKING:
    from crispml_core.serving.compiled.columns import PreparedColumns

Run = tuple[TreeCell, NumberScales | SetScales]
"""Scales that lie together and rank the same column in the same way."""


class FieldRanks:
    """The ranks of one prepared field.

    Parameters
    ----------
    runs : sequence of Run
        Its scales, in their order.

    Attributes
    ----------
    source : str
        The field.
    piece : callable
        Gives the ranks of a value of the field, as bytes.
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = runs
        columns = list(dict.fromkeys(cell.column for cell, _ in runs))
        self.source, self._is_text = columns[0].source, columns[0].is_text
        give = _giver(runs)
        known = known_values(columns, give) if self._is_text else {}
        self.piece: Callable[[Any], bytes] = ByValue(known, give).__getitem__

    def of_columns(self, columns: PreparedColumns) -> np.ndarray:
        """Return the ranks of each record of a batch."""
        if not self._is_text:
            return np.concatenate(
                [scales.of_numbers(cell.of_columns(columns)) for cell, scales in self._runs],
                axis=1,
            )
        found = columns.texts(self.source)
        # Only what occurs is asked for: the curation may refuse the rest of a dictionary.
        occurs = np.bincount(found.codes, minlength=len(found.values)) > 0
        texts = [found.values[code] for code in np.flatnonzero(occurs)]
        pieces = b"".join([self.piece(text) for text in texts])
        table = np.frombuffer(pieces, np.uint16).reshape(len(texts), -1)
        return np.asarray(table[(np.cumsum(occurs) - 1)[found.codes]])


def _giver(runs: Sequence[Run]) -> Callable[[Any], bytes]:
    parts = [(cell.of_value, scales.of_number) for cell, scales in runs]

    def give(value: Any) -> bytes:
        ranks: list[int] = []
        for see, rank in parts:
            ranks += rank(see(value))
        return struct.pack(f"={len(ranks)}H", *ranks)

    return give


class Ranks:
    """All ranks of a record.

    Parameters
    ----------
    core : DeepCore
        Declares the scales.
    columns : sequence of CuratedColumn
        What they rank.
    positions : mapping of str to int
        Where a prepared record holds each field.
    """

    def __init__(
        self, core: DeepCore, columns: Sequence[CuratedColumn], positions: Mapping[str, int]
    ) -> None:
        by_field = groupby(_runs(core, columns), key=lambda run: run[0].column.source)
        self._fields = [FieldRanks(list(runs)) for _, runs in by_field]
        self._pieces = [(positions[field.source], field.piece) for field in self._fields]
        self.size_bytes = 5 * len(core.thresholds.data)  # beside the array, a list of numbers

    def of_row(self, row: Sequence[Any]) -> np.ndarray:
        """Return the ranks of a prepared record."""
        return np.frombuffer(b"".join([piece(row[at]) for at, piece in self._pieces]), np.uint16)

    def of_columns(self, columns: PreparedColumns) -> np.ndarray:
        """Return the ranks of a batch, one record a row."""
        parts = [field.of_columns(columns) for field in self._fields]
        empty = np.zeros((columns.rows, 0), dtype=np.uint16)
        return np.concatenate([empty, *parts], axis=1)


def _runs(core: DeepCore, columns: Sequence[CuratedColumn]) -> list[Run]:
    column, chosen_set = array_of(core.scale_column).tolist(), array_of(core.scale_set)
    missing_left = array_of(core.scale_missing_left).tolist()
    sets = np.unpackbits(array_of(core.category_sets).view(np.uint8), axis=1, bitorder="little")
    thresholds = np.split(array_of(core.thresholds), array_of(core.scale_ends))
    runs: list[Run] = []
    places = groupby(range(len(column)), key=lambda at: (column[at], chosen_set[at] >= 0))
    for (index, is_set), group in places:
        chosen = list(group)
        lefts = [missing_left[at] for at in chosen]
        cell = TreeCell(
            columns[index], rounds=core.float32_inputs, allows_missing=core.allows_missing
        )
        if is_set:
            runs.append((cell, SetScales(sets[chosen_set[chosen]].astype(bool), lefts)))
        else:
            runs.append((cell, NumberScales([thresholds[at] for at in chosen], lefts)))
    return runs
