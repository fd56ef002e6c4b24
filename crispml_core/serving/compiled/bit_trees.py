"""Trees of at most 64 leaves, executed as bit vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from crispml_core.domain.compiled import Plan
from crispml_core.serving.compiled.arrays import array_of, tree_arrays
from crispml_core.serving.compiled.bit_vectors import BitVectors

if TYPE_CHECKING:
    from crispml_core.serving.compiled.columns import PreparedColumns


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
        self._leaves = BitVectors(
            trees, plan.columns, positions, allows_missing=core.allows_missing
        )
        self._values = np.ascontiguousarray(self._leaves.leaf_values.T)
        self._members = core.members

    @property
    def size_bytes(self) -> int:
        """Roughly how much memory the trees take."""
        return self._leaves.size_bytes + int(self._values.nbytes)

    def of_rows(self, rows: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Return the output of each prepared record, a tuple where there are several."""
        return [self._of_row(row) for row in rows]

    def _of_row(self, row: tuple[Any, ...]) -> Any:
        leaves = self._leaves.of_row(row)
        if len(self._values) == 1:
            return float(self._values[0].take(leaves).cumsum()[-1]) / self._members
        sums = self._values.take(leaves, axis=1).cumsum(axis=1)[:, -1]
        return tuple((sums / self._members).tolist())

    def of_columns(self, columns: PreparedColumns) -> list[Any]:
        """Return the output of each record of a batch; sums run tree by tree, as for one record."""
        total = np.empty((columns.rows, len(self._values)))
        for rows, leaves in self._leaves.of_columns(columns):
            for output, values in enumerate(self._values):
                total[rows, output] = values.take(leaves).cumsum(axis=1)[:, -1]
        total /= self._members
        if len(self._values) == 1:
            return list(total[:, 0].tolist())
        return [tuple(row) for row in total.tolist()]
