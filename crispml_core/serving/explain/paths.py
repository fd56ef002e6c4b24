"""The leaves of an ensemble, each as what its path asks of every column on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from crispml_core.serving.compiled.trees import TreeArrays

SHARED = -1
"""Owner of leaves that add to several outputs."""

_LEAVES_AT_ONCE = 16_384
_ENTRIES_PER_BLOCK = 16_384  # so that the arrays of a block stay in the cache of a core
_OUTSIDE = 256  # the code of a category that no bitset covers
_WORDS = _OUTSIDE // 32 + 1
# A branch that no training row took still gets a share, so that nothing is divided by zero.
_LEAST_SHARE = 1e-12


@dataclass(frozen=True, slots=True)
class Categories:
    """Which codes the categorical columns of a block may have.

    Parameters
    ----------
    place : ndarray of shape (n_places,)
        Position in the raveled arrays of the block.
    allowed : ndarray of shape (n_places, 9), uint32
        Bitset over the codes; bit 256 stands for every other number.
    """

    place: np.ndarray
    allowed: np.ndarray


@dataclass(frozen=True, slots=True)
class Block:
    """Leaves with the same number d of different columns on their paths.

    Parameters
    ----------
    owner : int
        The only output that the leaves add to, or `SHARED`.
    leaf : ndarray of shape (n,)
        Their nodes.
    column : ndarray of shape (d, n)
        The columns on the path.
    share : ndarray of shape (d, n)
        Share of the training rows that all splits of this column on the path let through: the
        product of the covers below each over the covers above.
    low, high : ndarray of shape (d, n)
        A number must be above `low` (NaN: no bound) and at most `high`.
    missing : ndarray of shape (d, n), bool
        Whether a missing value passes.
    categories : Categories or None
        The same for categorical splits.
    """

    owner: int
    leaf: np.ndarray
    column: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    missing: np.ndarray
    categories: Categories | None

    def passes(self, x: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Return which columns let a record through, as booleans of shape (d, n).

        Parameters
        ----------
        x : ndarray of shape (n_columns,)
            The curated record; NaN is a missing value. As float32 where the trees read float32.
        codes : ndarray of shape (n_columns,)
            See `codes_of`.
        """
        values = x[self.column]
        passed: np.ndarray = values <= self.high
        passed &= ~(values <= self.low)
        if self.categories is not None:
            place, allowed = self.categories.place, self.categories.allowed
            code = codes[self.column.ravel()[place]]
            bits = allowed[np.arange(len(place)), code >> 5] >> (code & 31).astype(np.uint32)
            passed.reshape(-1)[place] &= (bits & 1).astype(bool)
        if np.isnan(x).any():
            passed |= self.missing & np.isnan(values)
        return passed


def codes_of(x: np.ndarray) -> np.ndarray:
    """Return each value as the code of a category; 256 for what is none."""
    with np.errstate(invalid="ignore"):
        codes: np.ndarray = np.where((x > -1) & (x < _OUTSIDE), x, _OUTSIDE).astype(np.int64)
    return codes


def blocks_of(trees: TreeArrays) -> Iterator[Block]:
    """Cut the leaves of all trees into blocks; a tree that is one leaf is in none."""
    parent = np.full(len(trees.feature), -1, dtype=np.int64)
    inner = np.flatnonzero(trees.feature >= 0)
    parent[trees.left[inner]] = inner
    parent[trees.right[inner]] = inner
    leaves = np.flatnonzero((trees.feature < 0) & (parent >= 0))
    for start in range(0, len(leaves), _LEAVES_AT_ONCE):
        yield from _blocks(trees, parent, leaves[start : start + _LEAVES_AT_ONCE])


def _blocks(trees: TreeArrays, parent: np.ndarray, leaves: np.ndarray) -> Iterator[Block]:
    place, child = _edges(parent, leaves)
    above = parent[child]
    order = np.lexsort((trees.feature[above], place))
    place, child, above = place[order], child[order], above[order]
    column = trees.feature[above]
    is_new = np.r_[True, (np.diff(place) != 0) | (np.diff(column) != 0)]
    starts = np.flatnonzero(is_new)
    merged = _Merged(trees, child, above, starts)
    counts = np.bincount(place[starts], minlength=len(leaves))
    first = np.cumsum(counts) - counts
    owner = _owners(trees.value[leaves])
    for d in np.unique(counts):
        for output in np.unique(owner):
            chosen = np.flatnonzero((counts == d) & (owner == output))
            pieces = max(1, len(chosen) * d // _ENTRIES_PER_BLOCK)
            for piece in np.array_split(chosen, pieces):
                if len(piece):
                    at = first[piece] + np.arange(d)[:, None]
                    yield merged.block(int(output), leaves[piece], at)


class _Merged:
    """The splits on each path, those of one column merged into one."""

    def __init__(
        self, trees: TreeArrays, child: np.ndarray, above: np.ndarray, starts: np.ndarray
    ) -> None:
        columns = trees.feature[above[starts]]
        # A forest has millions of these entries, so each is as narrow as it may be.
        self.column = columns.astype(np.min_scalar_type(int(columns.max())))
        is_left = trees.left[above] == child
        is_category = trees.category_set[above] >= 0
        bound = trees.threshold[above].astype(np.float64)
        if trees.float32_inputs:
            bound = _rounded_down(bound)
        high = np.where(is_left & ~is_category, bound, bound.dtype.type(np.inf))
        low = np.where(is_left | is_category, bound.dtype.type(np.nan), bound)
        self.share = np.multiply.reduceat(_shares(trees, child, above), starts)
        self.high = np.minimum.reduceat(high, starts)
        self.low = np.fmax.reduceat(low, starts)
        self.missing = np.logical_and.reduceat(trees.missing_left[above] == is_left, starts)
        self.is_category = np.logical_or.reduceat(is_category, starts)
        self.allowed = np.zeros((0, _WORDS), dtype=np.uint32)
        if is_category.any():
            allowed = _allowed(trees, above, is_left, is_category)
            self.allowed = np.bitwise_and.reduceat(allowed, starts, axis=0)

    def block(self, owner: int, leaf: np.ndarray, at: np.ndarray) -> Block:
        categories = None
        place = np.flatnonzero(self.is_category[at])
        if len(place):
            categories = Categories(place, self.allowed[at.ravel()[place]])
        return Block(
            owner,
            leaf,
            self.column[at],
            self.share[at],
            self.low[at],
            self.high[at],
            self.missing[at],
            categories,
        )


def _edges(parent: np.ndarray, leaves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return, for every edge between a leaf and its root, which leaf and the lower node."""
    places, children = [], []
    place, node = np.arange(len(leaves)), leaves
    while len(node):
        places.append(place)
        children.append(node)
        node = parent[node]
        inside = parent[node] >= 0
        place, node = place[inside], node[inside]
    return np.concatenate(places), np.concatenate(children)


def _shares(trees: TreeArrays, child: np.ndarray, above: np.ndarray) -> np.ndarray:
    total = trees.cover[above]
    share = np.full(len(child), 0.5)
    np.divide(trees.cover[child], total, out=share, where=total > 0)
    return np.asarray(np.maximum(share, _LEAST_SHARE))


def _rounded_down(bound: np.ndarray) -> np.ndarray:
    """Return the largest float32 up to each bound: a float32 is at most both or none of them."""
    near = bound.astype(np.float32)
    below = np.nextafter(near, np.float32(-np.inf))
    return np.asarray(np.where(near > bound, below, near))


def _allowed(
    trees: TreeArrays, above: np.ndarray, is_left: np.ndarray, is_category: np.ndarray
) -> np.ndarray:
    allowed = np.full((len(above), _WORDS), 0xFFFFFFFF, dtype=np.uint32)
    sets = np.zeros((int(is_category.sum()), _WORDS), dtype=np.uint32)
    sets[:, :-1] = trees.category_sets[trees.category_set[above[is_category]]]
    goes_left = is_left[is_category][:, None]
    allowed[is_category] = np.where(goes_left, sets, ~sets)
    return allowed


def _owners(values: np.ndarray) -> np.ndarray:
    """Return, by leaf, the only output it adds to, or `SHARED`."""
    adds = values != 0
    return np.asarray(np.where(adds.sum(axis=1) == 1, adds.argmax(axis=1), SHARED))
