"""Trees that are too large for bit vectors, as blocks; see `DeepCore`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crispml_core.adapters.compilers.arrays import raw_array
from crispml_core.adapters.compilers.blocks import NONE, Blocks, blocks_from, top_nodes
from crispml_core.adapters.compilers.nodes import Nodes, nodes_of
from crispml_core.adapters.compilers.scales import scales_of
from crispml_core.domain.compiled import DeepCore, RawArray, TreeCore

MAX_LEAVES = 64
"""Largest tree that serving keeps as a bit vector."""

MAX_MASK_BYTES = 128 * 2**20
"""Largest size of all bit vectors; beyond it blocks are smaller."""

_TOP_LEAVES = (64, 32, 16, 8, 1)
_MAX_TOP_BYTES = 16 * 2**20


def is_deep(core: TreeCore) -> bool:
    """Whether bit vectors are too small or too many for these trees."""
    nodes = nodes_of(core)
    ends = np.append(nodes.roots[1:], len(nodes.feature))
    leaves = np.diff(np.cumsum(nodes.is_leaf)[ends - 1], prepend=0)
    if leaves.max(initial=0) > MAX_LEAVES:
        return True
    return _mask_bytes(nodes, ~nodes.is_leaf, MAX_LEAVES) > MAX_MASK_BYTES


def deep_core(core: TreeCore, sources: Sequence[str]) -> DeepCore:
    """Return the trees as blocks.

    Parameters
    ----------
    core : TreeCore
        The trees.
    sources : sequence of str
        The prepared field of each curated column.

    Raises
    ------
    NotCompilable
        If the trees need more scales than a block can name.
    """
    nodes = nodes_of(core)
    taken = _taken(nodes)
    cut = np.zeros_like(taken)
    cut[nodes.roots] = True
    cut[nodes.left[taken]] = cut[nodes.right[taken]] = True
    cut &= ~taken
    entries = np.flatnonzero(cut & ~nodes.is_leaf)
    blocks = blocks_from(nodes, entries)
    is_test, is_exit = blocks.tests != NONE, blocks.exits != NONE
    reached = blocks.exits[is_exit]
    values, value = _values(nodes)
    # Where a node leads: a leaf to its value; the others begin the blocks in just this order.
    leads = np.where(nodes.is_leaf, -1 - value, NONE)
    begins = np.concatenate([entries, reached[~nodes.is_leaf[reached]]])
    leads[begins] = np.arange(len(begins))
    tests = scales_of(core, nodes, blocks.tests[is_test], sources)
    shapes, shape = np.unique(blocks.first_exit, axis=0, return_inverse=True)
    return DeepCore(
        link=core.link,
        allows_missing=core.allows_missing,
        float32_inputs=core.float32_inputs,
        members=core.members,
        baseline=core.baseline,
        top=_top(core, nodes, taken, np.where(cut, leads, 0)),
        scale_column=raw_array(tests.column, "int32"),
        scale_missing_left=raw_array(tests.missing_left, "bool"),
        scale_set=raw_array(tests.category_set, "int32"),
        scale_ends=raw_array(tests.ends, "int32"),
        thresholds=raw_array(tests.thresholds, "float64"),
        category_sets=core.category_sets,
        scale=_by_block(blocks, tests.scale, 0),
        bound=_by_block(blocks, tests.bound, 65535),
        shape=raw_array(shape.ravel(), "uint16"),
        shapes=raw_array(shapes, "uint8"),
        exits=raw_array(leads[reached], "int32"),
        exit_cover=_narrow(nodes.cover[reached]),
        values=raw_array(values, "float64"),
    )


def _mask_bytes(nodes: Nodes, chosen: np.ndarray, leaves: int) -> int:
    """Return the size of the bit vectors of some inner nodes: one a different threshold."""
    numeric = chosen & (nodes.category_set < 0)
    pairs = np.unique(np.column_stack([nodes.feature, nodes.threshold])[numeric], axis=0)
    return len(pairs) * len(nodes.roots) * max(leaves // 8, 1)


def _taken(nodes: Nodes) -> np.ndarray:
    """Return the nodes next to the roots, as many as bit vectors of moderate size allow."""
    for leaves in _TOP_LEAVES:
        taken = top_nodes(nodes, leaves)
        if _mask_bytes(nodes, taken, leaves) <= _MAX_TOP_BYTES:
            break
    return taken


def _values(nodes: Nodes) -> tuple[np.ndarray, np.ndarray]:
    """Return the different values of the leaves, and by node its row; a forest has few."""
    leaves = np.flatnonzero(nodes.is_leaf)
    found = nodes.value[leaves]
    # One column is sorted much faster than rows.
    one = found[:, 0] if found.shape[1] == 1 else found
    values, row = np.unique(one, axis=0, return_inverse=True)
    value = np.zeros(len(nodes.feature), dtype=np.int64)
    value[leaves] = row.ravel()
    return values.reshape(len(values), -1), value


def _top(core: TreeCore, nodes: Nodes, taken: np.ndarray, leads: np.ndarray) -> TreeCore:
    """Return the nodes that are taken and where their trees end."""
    kept = taken.copy()
    kept[nodes.roots] = True
    kept[nodes.left[taken]] = kept[nodes.right[taken]] = True
    place = np.cumsum(kept) - 1
    inner = taken[kept]

    def of_inner(values: np.ndarray, otherwise: float) -> np.ndarray:
        return np.where(inner, values[kept], otherwise)

    return TreeCore(
        link="identity",
        allows_missing=core.allows_missing,
        float32_inputs=core.float32_inputs,
        roots=raw_array(place[nodes.roots], "int32"),
        feature=raw_array(of_inner(nodes.feature, -1), "int32"),
        threshold=raw_array(of_inner(nodes.threshold, 0.0), "float64"),
        left=raw_array(of_inner(place[nodes.left], -1), "int32"),
        right=raw_array(of_inner(place[nodes.right], -1), "int32"),
        missing_left=raw_array(of_inner(nodes.missing_left, 0), "bool"),
        category_set=raw_array(of_inner(nodes.category_set, -1), "int32"),
        category_sets=core.category_sets,
        value=raw_array(np.where(inner, 0, leads[kept])[:, None], "float64"),
        cover=raw_array(nodes.cover[kept], "float64"),
        baseline=raw_array(np.zeros(1), "float64"),
    )


def _by_block(blocks: Blocks, values: np.ndarray, otherwise: int) -> RawArray:
    table = np.full(blocks.tests.shape, otherwise)
    table[blocks.tests != NONE] = values
    return raw_array(table, "uint16")


def _narrow(cover: np.ndarray) -> RawArray:
    """Return covers as float32 where that rounds none of them: rows without weights."""
    is_exact = np.array_equal(cover.astype(np.float32), cover)
    return raw_array(cover, "float32" if is_exact else "float64")
