"""Trees as bit vectors: which leaves a record can still reach.

The idea is QuickScorer (Lucchese et al., SIGIR 2015). The leaves of a tree are numbered from left
to right, one bit each. A node whose condition fails takes the leaves of its left branch away; what
is left after all failing nodes starts with the leaf that the record falls into. The vectors of all
trees are joined to one row of words. For a numeric column the rows of the sorted thresholds are
combined beforehand, so a record costs one search and one AND per column.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crispml_core.serving.compiled.trees import TreeArrays

MAX_LEAVES = 64


@dataclass(frozen=True, slots=True)
class ColumnMasks:
    """What one curated column leaves of the leaves.

    Parameters
    ----------
    thresholds : ndarray of shape (n,), float64
        The distinct thresholds, rising.
    above : ndarray of shape (n + 1, n_trees), unsigned
        Row k: what is left when exactly the first k thresholds are below the value.
    categories : ndarray of shape (n_codes, n_trees), unsigned
        What is left for each category code; no row for a column without categories.
    missing : ndarray of shape (n_trees,), unsigned
        What is left when the value is missing.
    """

    thresholds: np.ndarray
    above: np.ndarray
    categories: np.ndarray
    missing: np.ndarray


@dataclass(frozen=True, slots=True)
class Masks:
    """An ensemble as bit vectors.

    Parameters
    ----------
    columns : dict of int to ColumnMasks
        By curated column, those that a tree looks at.
    full : ndarray of shape (n_trees,), unsigned
        All leaves of each tree.
    leaf_values : ndarray of shape (n_trees * width, n_outputs), float64
        What each leaf adds; the baseline is in the first tree.
    width : int
        Leaves per tree in `leaf_values`.
    """

    columns: dict[int, ColumnMasks]
    full: np.ndarray
    leaf_values: np.ndarray
    width: int


def masks_of(trees: TreeArrays) -> Masks:
    """Return an ensemble whose trees have at most `MAX_LEAVES` leaves as bit vectors."""
    orders = [_leaf_order(trees, root) for root in trees.roots.tolist()]
    width = max(len(leaves) for leaves, _ in orders)
    word = np.dtype(next(f"uint{bits}" for bits in (8, 16, 32, 64) if width <= bits))
    full = np.array([(1 << len(leaves)) - 1 for leaves, _ in orders], dtype=word)
    values = np.zeros((len(orders), width, trees.value.shape[1]))
    failing: dict[int, list[tuple[int, int, int]]] = {}
    for tree, (leaves, cut) in enumerate(orders):
        values[tree, : len(leaves)] = trees.value[leaves]
        for node, mask in cut:
            failing.setdefault(int(trees.feature[node]), []).append((node, tree, mask))
    values[0, : len(orders[0][0])] += trees.baseline
    return Masks(
        {column: _column(trees, nodes, full) for column, nodes in failing.items()},
        full,
        values.reshape(-1, values.shape[2]),
        width,
    )


def _leaf_order(trees: TreeArrays, root: int) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the leaves from left to right, and per inner node the leaves of its left branch."""
    left, right, feature = trees.left, trees.right, trees.feature
    leaves: list[int] = []
    cut: list[tuple[int, int]] = []
    stack: list[tuple[int, int]] = [(root, -1)]
    while stack:
        node, first = stack.pop()
        if first >= 0:  # the left branch is done: its leaves are those since `first`
            cut.append((node, (1 << len(leaves)) - (1 << first)))
        elif feature[node] < 0:
            leaves.append(node)
        else:
            stack += [(int(right[node]), -1), (node, len(leaves)), (int(left[node]), -1)]
    return leaves, cut


def _column(trees: TreeArrays, nodes: list[tuple[int, int, int]], full: np.ndarray) -> ColumnMasks:
    places = np.array([node for node, _, _ in nodes])
    tree = np.array([tree for _, tree, _ in nodes])
    keep = np.array([~mask & (2**64 - 1) for _, _, mask in nodes], dtype=np.uint64).astype(
        full.dtype
    )
    missing = full.copy()
    goes_right = ~trees.missing_left[places]
    np.bitwise_and.at(missing, tree[goes_right], keep[goes_right])
    sets = trees.category_set[places]
    numeric = sets < 0
    thresholds, rank = np.unique(trees.threshold[places[numeric]], return_inverse=True)
    above = np.tile(full, (len(thresholds) + 1, 1))
    np.bitwise_and.at(above, (rank + 1, tree[numeric]), keep[numeric])
    above = np.bitwise_and.accumulate(above, axis=0)
    categories = np.tile(full, (256 if (~numeric).any() else 0, 1))
    for node_set, node_tree, node_keep in zip(
        sets[~numeric], tree[~numeric], keep[~numeric], strict=True
    ):
        bits = np.unpackbits(trees.category_sets[node_set].view(np.uint8), bitorder="little")
        categories[bits == 0, node_tree] &= node_keep
    return ColumnMasks(thresholds, above, categories, missing)
