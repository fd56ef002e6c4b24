"""The leaves that a record reaches in trees of at most 64 leaves, by bit vectors; see `masks`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from crispml_core.domain.compiled import CuratedColumn
from crispml_core.serving.compiled.bit_columns import BitColumn, BitField
from crispml_core.serving.compiled.masks import masks_of
from crispml_core.serving.compiled.tree_cells import TreeCell
from crispml_core.serving.compiled.trees import TreeArrays

if TYPE_CHECKING:
    from crispml_core.serving.compiled.columns import PreparedColumns

# Rows that are worked on at once: their bit vectors fit into the cache of a core.
_CHUNK = 512


class BitVectors:
    """Finds the leaf of each tree.

    Parameters
    ----------
    trees : TreeArrays
        The trees.
    columns : sequence of CuratedColumn
        What they look at.
    positions : mapping of str to int
        Where a prepared record holds each field.
    allows_missing : bool
        Whether a curated value may be missing.

    Attributes
    ----------
    leaf_values : ndarray of shape (n_leaves, n_outputs), float64
        What each leaf adds; the baseline is in the first tree.
    """

    def __init__(
        self,
        trees: TreeArrays,
        columns: Sequence[CuratedColumn],
        positions: Mapping[str, int],
        *,
        allows_missing: bool,
    ) -> None:
        masks = masks_of(trees)
        by_field: dict[str, list[BitColumn]] = {}
        for index, column in enumerate(columns):
            if index in masks.columns:
                cell = TreeCell(column, rounds=trees.float32_inputs, allows_missing=allows_missing)
                bits = BitColumn(cell, masks.columns[index])
                by_field.setdefault(column.source, []).append(bits)
        self._fields = {source: BitField(found) for source, found in by_field.items()}
        self._finders = [(positions[name], field.finder()) for name, field in self._fields.items()]
        self._full, self.leaf_values = masks.full, masks.leaf_values
        self._all = int.from_bytes(masks.full.tobytes(), "little")
        self._starts = np.arange(len(masks.full), dtype=np.intp) * masks.width

    @property
    def size_bytes(self) -> int:
        """Roughly how much memory the masks take, as numpy arrays and as Python integers."""
        return 2 * sum(field.size_bytes for field in self._fields.values())

    def of_row(self, row: Sequence[Any]) -> np.ndarray:
        """Return the leaf of each tree for a prepared record."""
        left = self._all
        for place, find in self._finders:
            left &= find(row[place])
        words = np.frombuffer(left.to_bytes(self._full.nbytes, "little"), self._full.dtype)
        leaves: np.ndarray = self._starts + _lowest_bit(words)
        return leaves

    def of_columns(self, columns: PreparedColumns) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield which rows of a batch, and by row the leaf of each tree."""
        chosen = [pair for field in self._fields.values() for pair in field.rows_of(columns)]
        for start in range(0, columns.rows, _CHUNK):
            rows = slice(start, min(start + _CHUNK, columns.rows))
            left = np.tile(self._full, (rows.stop - start, 1))
            for table, places in chosen:
                left &= table[places[rows]]
            yield rows, self._starts + _lowest_bit(left)


def _lowest_bit(words: np.ndarray) -> np.ndarray:
    """Return the place of the lowest bit that is set."""
    one = words.dtype.type(1)
    places: np.ndarray = np.bitwise_count((words & (~words + one)) - one)
    return places
