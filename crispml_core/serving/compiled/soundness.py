"""Whether the arrays of an ensemble are trees."""

from __future__ import annotations

import numpy as np

from crispml_core.serving.compiled.trees import TreeArrays


def tree_damage(trees: TreeArrays, columns: int) -> str:
    """Return what is wrong with the arrays, empty when they are trees.

    Nodes lie tree by tree and a child lies behind its parent, so no walk can run in a circle.

    Parameters
    ----------
    trees : TreeArrays
        Arrays whose shapes fit together.
    columns : int
        How many curated columns there are.
    """
    nodes, roots = len(trees.feature), trees.roots
    if not len(roots) or roots[0] != 0 or (np.diff(roots) <= 0).any() or roots[-1] >= nodes:
        return "its trees do not begin where they should"
    is_leaf = trees.feature < 0
    if (trees.feature >= columns).any():
        return "a tree looks at a column that is not there"
    ends = np.append(roots[1:], nodes)
    last = np.repeat(ends, np.diff(np.append(roots, nodes)))
    places = np.arange(nodes)
    for children in (trees.left, trees.right):
        if (children[is_leaf] != -1).any():
            return "a leaf has children"
        inner = ~is_leaf
        if ((children <= places) | (children >= last))[inner].any():
            return "a branch leads out of its tree"
    children = np.concatenate([trees.left[~is_leaf], trees.right[~is_leaf]])
    if len(np.unique(children)) != len(children):
        return "two branches lead to one node"
    sets = trees.category_set
    if ((sets < -1) | (sets >= len(trees.category_sets)) | (is_leaf & (sets >= 0))).any():
        return "a set of categories is not there"
    numeric = ~is_leaf & (sets < 0)
    if np.isnan(trees.threshold[numeric]).any() or not np.isfinite(trees.value).all():
        return "a threshold or a value is not a number"
    return ""
