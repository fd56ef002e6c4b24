"""Shapley values of an ensemble of trees: exact path-dependent TreeSHAP.

The game is that of Lundberg et al. 2020, From Local Explanations to Global Understanding with
Explainable AI for Trees: where a column is unknown, a record goes both ways, in the shares of the
training rows. A leaf with the columns 1 … d on its path then is worth, for a set S of known ones,

    value * prod(pass_j for j in S) * prod(share_j for j not in S)

and the Shapley value of a column i is an integral over its multilinear extension (Owen 1972,
Multilinear Extensions of Games):

    value * (pass_i - share_i) * integral from 0 to 1 of
        prod(share_j + t (pass_j - share_j) for j other than i) dt

The integrand is a polynomial of degree d - 1 in t with positive factors, so Gauss-Legendre
quadrature with ceil(d / 2) nodes is exact, and stable. All leaves of equal d are computed at once.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from crispml_core.serving.compiled.trees import TreeArrays
from crispml_core.serving.explain.contributions import Contributions
from crispml_core.serving.explain.paths import SHARED, Block, blocks_of, codes_of


class TreeReasons:
    """Explains the outputs of an ensemble.

    Parameters
    ----------
    trees : TreeArrays
        The ensemble.
    columns : int
        How many curated columns there are.
    """

    def __init__(self, trees: TreeArrays, columns: int) -> None:
        self._columns = columns
        self._float32 = trees.float32_inputs
        self._values = np.ascontiguousarray(trees.value, dtype=np.float64)
        self._blocks = tuple(blocks_of(trees))
        stumps = trees.roots[trees.feature[trees.roots] < 0]
        self._constant = trees.baseline + self._values[stumps].sum(axis=0)
        self._base = self._constant + sum(
            (block.share.prod(axis=0) @ self._values[block.leaf] for block in self._blocks),
            np.zeros(self._values.shape[1]),
        )

    def explain(self, x: np.ndarray, output: int | None = None) -> Contributions:
        """Explain one curated record.

        Parameters
        ----------
        x : ndarray of shape (n_columns,), float64
            The record; NaN is a missing value.
        output : int, optional
            Which output; the largest one when it is left out.
        """
        if self._float32:
            x = x.astype(np.float32)
        codes = codes_of(x)
        passed = [block.passes(x, codes) for block in self._blocks]
        scores = self._constant.copy()
        for block, let in zip(self._blocks, passed, strict=True):
            scores += self._values[block.leaf[let.all(axis=0)]].sum(axis=0)
        chosen = int(scores.argmax()) if output is None else output
        found = np.zeros(self._columns)
        for block, let in zip(self._blocks, passed, strict=True):
            if block.owner in (SHARED, chosen):
                parts = _shapley(block, let, self._values[block.leaf, chosen])
                found += np.bincount(block.column.ravel(), parts.ravel(), self._columns)
        return Contributions(chosen, float(self._base[chosen]), float(scores[chosen]), found)


def _shapley(block: Block, passed: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return the Shapley values of the columns on each path, shape (d, n)."""
    change: np.ndarray = passed - block.share
    total = np.zeros_like(change)
    factor = np.empty_like(change)
    for node, weight in _quadrature((len(change) + 1) // 2):
        np.multiply(change, node, out=factor)
        factor += block.share
        others = factor.prod(axis=0)
        others *= weight
        np.divide(others, factor, out=factor)
        total += factor
    total *= change
    total *= value
    return total


@lru_cache(maxsize=128)
def _quadrature(nodes: int) -> tuple[tuple[float, float], ...]:
    """Return nodes and weights of Gauss-Legendre quadrature on the interval from 0 to 1."""
    places, weights = np.polynomial.legendre.leggauss(nodes)
    return tuple(zip(((places + 1) / 2).tolist(), (weights / 2).tolist(), strict=True))
