"""Trees of at most 64 leaves, executed as bit vectors; see `masks`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from crispml_core.domain.compiled import Plan
from crispml_core.serving.compiled.arrays import array_of, tree_arrays
from crispml_core.serving.compiled.bit_columns import BitColumn, BitField
from crispml_core.serving.compiled.masks import masks_of

if TYPE_CHECKING:
    from crispml_core.serving.compiled.columns import PreparedColumns

# Rows that are worked on at once: their bit vectors fit into the cache of a core.
_CHUNK = 512


class BitTrees:
    """All outputs of a plan of small trees.

    Parameters
    ----------
    plan : Plan
        The compiled model.
    positions : mapping of str to int
        Where a prepared record holds each field.
    """

    def __init__(self, plan: Plan, positions: Mapping[str, int]) -> None:
        core = plan.trees
        assert core is not None
        trees = replace(tree_arrays(core), value=array_of(core.value))
        masks, self._members = masks_of(trees), core.members
        by_field: dict[str, list[BitColumn]] = {}
        for index, column in enumerate(plan.columns):
            if index in masks.columns:
                bits = BitColumn(
                    column,
                    masks.columns[index],
                    rounds=core.float32_inputs,
                    allows_missing=core.allows_missing,
                )
                by_field.setdefault(column.source, []).append(bits)
        self._fields = {source: BitField(columns) for source, columns in by_field.items()}
        self._finders = [(positions[name], field.finder()) for name, field in self._fields.items()]
        self._full, self._values = masks.full, np.ascontiguousarray(masks.leaf_values.T)
        self._all = int.from_bytes(masks.full.tobytes(), "little")
        self._starts = np.arange(len(masks.full), dtype=np.intp) * masks.width

    @property
    def size_bytes(self) -> int:
        """Roughly how much memory the masks take, as numpy arrays and as Python integers."""
        masks = sum(field.size_bytes for field in self._fields.values())
        return 2 * masks + int(self._values.nbytes)

    def of_rows(self, rows: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Return the output of each prepared record, a tuple where there are several."""
        return [self._of_row(row) for row in rows]

    def _of_row(self, row: tuple[Any, ...]) -> Any:
        left = self._all
        for place, find in self._finders:
            left &= find(row[place])
        words = np.frombuffer(left.to_bytes(self._full.nbytes, "little"), self._full.dtype)
        leaves = self._starts + _lowest_bit(words)
        if len(self._values) == 1:
            return float(self._values[0].take(leaves).cumsum()[-1]) / self._members
        sums = self._values.take(leaves, axis=1).cumsum(axis=1)[:, -1]
        return tuple((sums / self._members).tolist())

    def of_columns(self, columns: PreparedColumns) -> list[Any]:
        """Return the output of each record of a batch; sums run tree by tree, as for one record."""
        chosen = [pair for field in self._fields.values() for pair in field.rows_of(columns)]
        total = np.empty((columns.rows, len(self._values)))
        for start in range(0, columns.rows, _CHUNK):
            rows = slice(start, min(start + _CHUNK, columns.rows))
            left = np.tile(self._full, (rows.stop - start, 1))
            for table, places in chosen:
                left &= table[places[rows]]
            leaves = self._starts + _lowest_bit(left)
            for output, values in enumerate(self._values):
                total[rows, output] = values.take(leaves).cumsum(axis=1)[:, -1]
        total /= self._members
        if len(self._values) == 1:
            return list(total[:, 0].tolist())
        return [tuple(row) for row in total.tolist()]


def _lowest_bit(words: np.ndarray) -> np.ndarray:
    """Return the place of the lowest bit that is set."""
    one = words.dtype.type(1)
    places: np.ndarray = np.bitwise_count((words & (~words + one)) - one)
    return places
