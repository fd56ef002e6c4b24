"""Trees of more than 64 leaves: bit vectors next to the roots, blocks below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from crispml_core.domain.compiled import Plan, RawArray
from crispml_core.serving.compiled.arrays import array_of, tree_arrays
from crispml_core.serving.compiled.bit_vectors import BitVectors
from crispml_core.serving.compiled.blocks import Blocks
from crispml_core.serving.compiled.ranks import Ranks

if TYPE_CHECKING:
    from crispml_core.serving.compiled.columns import PreparedColumns

# Walks that are worked on at once: their arrays fit into the cache of a core.
_WALKS = 25_600


class DeepTrees:
    """All outputs of a plan of deep trees.

    Parameters
    ----------
    plan : Plan
        The compiled model.
    positions : mapping of str to int
        Where a prepared record holds each field.
    """

    def __init__(self, plan: Plan, positions: Mapping[str, int]) -> None:
        core = plan.deep
        assert core is not None
        self._top = BitVectors(
            tree_arrays(core.top), plan.columns, positions, allows_missing=core.allows_missing
        )
        self._ranks, self._blocks = Ranks(core, plan.columns, positions), Blocks(core)
        self._entries = self._blocks.places(self._top.leaf_values[:, 0].astype(np.int64))
        # Backwards: where a walk ends, -1 - v, then is a place from the end.
        self._values = array_of(core.values)[::-1].copy()
        self._one = self._values[:, 0].copy() if plan.outputs == 1 else None
        self._members, self._baseline = core.members, array_of(core.baseline)
        self._offset = float(self._baseline[0])
        arrays = (getattr(core, field.name) for field in fields(core))
        self._plan_bytes = sum(len(raw.data) for raw in arrays if isinstance(raw, RawArray))

    @property
    def size_bytes(self) -> int:
        """Roughly how much memory the trees take."""
        parts = (self._top, self._ranks, self._blocks)
        return self._plan_bytes + sum(part.size_bytes for part in parts)

    def of_rows(self, rows: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Return the output of each prepared record, a tuple where there are several."""
        if len(rows) == 1:
            return [self._of_row(rows[0])]
        leaves = [self._top.of_row(row) for row in rows]
        ranks = [self._ranks.of_row(row) for row in rows]
        return self._outputs([(np.array(leaves), np.array(ranks))] if rows else [])

    def _of_row(self, row: tuple[Any, ...]) -> Any:
        """Answer one record without the numpy operations that several need."""
        ranks = self._ranks.of_row(row)
        ends = self._blocks.descend(self._entries.take(self._top.of_row(row)), ranks)
        if self._one is not None:
            return float(self._one.take(ends).cumsum()[-1]) / self._members + self._offset
        sums = self._values.take(ends, axis=0).cumsum(axis=0)[-1]
        return tuple((sums / self._members + self._baseline).tolist())

    def of_columns(self, columns: PreparedColumns) -> list[Any]:
        """Return the output of each record of a batch; sums run tree by tree, as for one record."""
        ranks = self._ranks.of_columns(columns)
        return self._outputs(
            (leaves, ranks[rows]) for rows, leaves in self._top.of_columns(columns)
        )

    def _outputs(self, parts: Iterable[tuple[np.ndarray, np.ndarray]]) -> list[Any]:
        """Return the outputs of records by their leaves of the top and their ranks."""
        outputs: list[Any] = []
        for leaves, ranks in parts:
            step = max(1, _WALKS // leaves.shape[1])
            for start in range(0, len(leaves), step):
                rows = slice(start, start + step)
                sums = self._sums(self._entries.take(leaves[rows]), ranks[rows])
                outputs += (sums / self._members + self._baseline).tolist()
        if self._one is not None:
            return [output for (output,) in outputs]
        return [tuple(row) for row in outputs]

    def _sums(self, at: np.ndarray, ranks: np.ndarray) -> np.ndarray:
        offsets = np.repeat(np.arange(len(at)) * ranks.shape[1], at.shape[1])
        ends = self._blocks.descend(at.ravel(), ranks.ravel(), offsets).reshape(at.shape)
        if self._one is not None:
            return np.asarray(self._one.take(ends).cumsum(axis=1)[:, -1:])
        return np.asarray(self._values.take(ends, axis=0).cumsum(axis=1)[:, -1])
