"""The ranks of a record on all scales of deep trees; see `DeepCore`."""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from crispml_core.domain.compiled import CuratedColumn, DeepCore
from crispml_core.serving.compiled.arrays import array_of
from crispml_core.serving.compiled.curation import ByValue, known_values
from crispml_core.serving.compiled.tree_cells import TreeCell

if TYPE_CHECKING:
    from crispml_core.serving.compiled.columns import PreparedColumns

HIGHEST = 65535
"""Above every bound."""

_CODES = 256

Piece = Callable[[Any], bytes]


class Scale:
    """One scale.

    Parameters
    ----------
    cell : TreeCell
        What the trees see of its column.
    thresholds : ndarray of shape (n,), float64
        Rising; the rank of a number is how many of them are below it.
    left_codes : ndarray of shape (256,), bool, or None
        For categories: which codes have the rank 0; anything else has 1.
    missing_left : bool
        Whether a missing value ranks lowest, else it ranks highest.
    """

    def __init__(
        self,
        cell: TreeCell,
        thresholds: np.ndarray,
        left_codes: np.ndarray | None,
        missing_left: bool,
    ) -> None:
        self.cell, self._thresholds = cell, thresholds
        self._left_codes = left_codes
        self._missing = 0 if missing_left else HIGHEST

    def ranker(self) -> Callable[[float], int]:
        """Return the function from what the trees see to the rank."""
        missing, thresholds = self._missing, self._thresholds.tolist()
        if self._left_codes is None:
            return lambda number: bisect_left(thresholds, number) if number == number else missing
        codes = self._left_codes.tolist()

        def rank(number: float) -> int:
            if number != number:
                return missing
            return 0 if -1 < number < _CODES and codes[int(number)] else 1

        return rank

    def ranks(self, numbers: np.ndarray) -> np.ndarray:
        """Return the rank of each number."""
        is_missing = np.isnan(numbers)
        if self._left_codes is None:
            ranks = np.searchsorted(self._thresholds, numbers, side="left")
        else:
            is_code = (numbers > -1) & (numbers < _CODES)
            codes = np.where(is_code, numbers, 0).astype(np.intp)
            ranks = np.where(is_code & self._left_codes[codes], 0, 1)
        ranks[is_missing] = self._missing
        return ranks


class FieldRanks:
    """Scales that lie together and rank the same prepared field.

    Parameters
    ----------
    scales : sequence of Scale
        In their order.

    Attributes
    ----------
    piece : callable
        Gives the ranks of a value of the field, as bytes.
    """

    def __init__(self, scales: Sequence[Scale]) -> None:
        self._scales = scales
        self._column = scales[0].cell.column
        self.source = self._column.source
        self.piece = self._give()

    def _give(self) -> Piece:
        pack = struct.Struct(f"<{len(self._scales)}H").pack
        rankers = [(scale.cell.of_value, scale.ranker()) for scale in self._scales]

        def give(value: Any) -> bytes:
            return pack(*[rank(see(value)) for see, rank in rankers])

        known = known_values([scale.cell.column for scale in self._scales], give)
        return ByValue(known if self._column.is_text else {}, give).__getitem__

    def ranks_of(self, columns: PreparedColumns) -> np.ndarray:
        """Return the ranks of each record of a batch."""
        if self._column.is_text:
            found = columns.texts(self.source)
            # Only what occurs is asked for: the curation may refuse the rest of a dictionary.
            occurs = np.bincount(found.codes, minlength=len(found.values)) > 0
            texts = [found.values[code] for code in np.flatnonzero(occurs)]
            pieces = b"".join([self.piece(text) for text in texts])
            table = np.frombuffer(pieces, np.uint16).reshape(len(texts), -1)
            return np.asarray(table[(np.cumsum(occurs) - 1)[found.codes]])
        ranks = np.empty((columns.rows, len(self._scales)), dtype=np.uint16)
        seen: dict[TreeCell, np.ndarray] = {}
        for place, scale in enumerate(self._scales):
            if scale.cell not in seen:
                seen[scale.cell] = scale.cell.of_columns(columns)
            ranks[:, place] = scale.ranks(seen[scale.cell])
        return ranks


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
        scales = _scales(core, columns)
        by_field = groupby(scales, key=lambda scale: scale.cell.column.source)
        self._fields = [FieldRanks(list(group)) for _, group in by_field]
        self._pieces = [(positions[field.source], field.piece) for field in self._fields]
        self.size_bytes = 5 * len(core.thresholds.data)  # beside the array, a list of numbers

    def of_row(self, row: Sequence[Any]) -> np.ndarray:
        """Return the ranks of a prepared record."""
        return np.frombuffer(b"".join([piece(row[at]) for at, piece in self._pieces]), np.uint16)

    def of_columns(self, columns: PreparedColumns) -> np.ndarray:
        """Return the ranks of a batch, one record a row."""
        parts = [field.ranks_of(columns) for field in self._fields]
        empty = np.zeros((columns.rows, 0), dtype=np.uint16)
        return np.concatenate([empty, *parts], axis=1)


def _scales(core: DeepCore, columns: Sequence[CuratedColumn]) -> list[Scale]:
    chosen = array_of(core.scale_column).tolist()
    cells = {
        index: TreeCell(
            columns[index], rounds=core.float32_inputs, allows_missing=core.allows_missing
        )
        for index in chosen
    }
    sets = np.unpackbits(array_of(core.category_sets).view(np.uint8), axis=1, bitorder="little")
    ends = array_of(core.scale_ends).tolist()
    parts = np.split(array_of(core.thresholds), ends)[: len(ends)]
    return [
        Scale(
            cells[index],
            part,
            sets[chosen_set].astype(bool) if chosen_set >= 0 else None,
            missing_left,
        )
        for index, part, chosen_set, missing_left in zip(
            chosen,
            parts,
            array_of(core.scale_set).tolist(),
            array_of(core.scale_missing_left).tolist(),
            strict=True,
        )
    ]
