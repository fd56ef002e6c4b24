"""The nodes of an ensemble of decision trees, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class TreeArrays:
    """All trees of an ensemble, node by node; children are indices into the same arrays.

    The output of the ensemble is ``baseline`` plus, per output, the sum of the values of the leaf
    that each tree leads to. A forest has its division by the number of trees inside the values.

    A value ``x`` of the feature goes left at a node when it is missing (NaN) and `missing_left` is
    set; or when `category_set` is not negative and bit ``int(x)`` of that set is set; or else when
    ``x <= threshold``. With `float32_inputs` every value is rounded to float32 first, as
    scikit-learn's forests do.

    Parameters
    ----------
    roots : ndarray of shape (n_trees,), int32
        The first node of each tree.
    feature : ndarray of shape (n_nodes,), int32
        The curated column a node looks at; -1 for a leaf.
    threshold : ndarray of shape (n_nodes,), float64
        Bound of a numeric node.
    left, right : ndarray of shape (n_nodes,), int32
        Children; -1 for a leaf.
    missing_left : ndarray of shape (n_nodes,), bool
        Where a missing value goes.
    category_set : ndarray of shape (n_nodes,), int32
        Row of `category_sets` for a categorical node, else -1.
    category_sets : ndarray of shape (n_sets, 8), uint32
        Bitsets over the codes 0 to 255; what is in the set goes left.
    value : ndarray of shape (n_nodes, n_outputs), float64
        What a leaf adds to each output; 0 elsewhere.
    cover : ndarray of shape (n_nodes,), float64
        Training rows (weighted) that came through the node.
    baseline : ndarray of shape (n_outputs,), float64
        What the outputs start from.
    """

    roots: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    missing_left: np.ndarray
    category_set: np.ndarray
    category_sets: np.ndarray
    value: np.ndarray
    cover: np.ndarray
    baseline: np.ndarray
    float32_inputs: bool = False
