"""Whether the arrays of deep trees lead every record to a value."""

from __future__ import annotations

import numpy as np

from crispml_core.domain.compiled import DeepCore
from crispml_core.serving.compiled.arrays import array_of
from crispml_core.serving.compiled.blocks import first_exits
from crispml_core.serving.compiled.masks import MAX_LEAVES
from crispml_core.serving.compiled.scales import HIGHEST
from crispml_core.serving.compiled.shapes import TESTS, NoTree, Shape

_SHAPES = 429
"""Trees of seven inner nodes: that many shapes are different."""

_BLOCKS = 2**29
"""Their places are numbers of four bytes, four apart."""


def deep_damage(core: DeepCore, columns: int) -> str:
    """Return what is wrong with the arrays, empty when they are trees.

    A branch leads to a later block, so no walk can run in a circle.

    Parameters
    ----------
    core : DeepCore
        A core whose arrays have the right shapes, and whose top is an ensemble of trees.
    columns : int
        How many curated columns there are.
    """
    return _scales(core, columns) or _blocks(core) or _ways(core)


def _scales(core: DeepCore, columns: int) -> str:
    column, ends = array_of(core.scale_column), array_of(core.scale_ends).astype(np.int64)
    thresholds, sets = array_of(core.thresholds), array_of(core.scale_set)
    if ((column < 0) | (column >= columns)).any():
        return "a scale ranks a column that is not there"
    if ((sets < -1) | (sets >= len(core.category_sets.data) // 32)).any():
        return "a set of categories is not there"
    lengths = np.diff(ends, prepend=0)
    if (lengths < 0).any() or lengths.sum() != len(thresholds) or (lengths > HIGHEST).any():
        return "the thresholds of a scale are incomplete"
    begins = np.zeros(len(thresholds), dtype=bool)
    begins[(ends - lengths)[lengths > 0]] = True
    if np.isnan(thresholds).any() or (~begins[1:] & (np.diff(thresholds) <= 0)).any():
        return "the thresholds of a scale do not rise"
    if not all(np.isfinite(array_of(raw)).all() for raw in (core.values, core.baseline)):
        return "a value is not a number"
    return ""


def _blocks(core: DeepCore) -> str:
    scale, bound = array_of(core.scale), array_of(core.bound)
    shape, shapes = array_of(core.shape), array_of(core.shapes)
    if (
        len(shapes) > _SHAPES
        or (shapes > np.arange(TESTS)).any()
        or not all(map(_is_tree, shapes.tolist()))
    ):
        return "a block has a shape that is none"
    if (shape >= len(shapes)).any():
        return "a shape is not there"
    is_test = bound != HIGHEST
    if not is_test[:, 0].all() or (is_test[:, 1:] & ~is_test[:, :-1]).any():
        return "a block lacks a test"
    # A block of fewer tests continues as if all others stood to the right of them.
    if (shapes[shape] != np.arange(TESTS))[~is_test].any():
        return "a block has a shape of more tests"
    if (scale[is_test] >= len(core.scale_column.data) // 4).any():
        return "a scale is not there"
    lengths = np.diff(array_of(core.scale_ends), prepend=0)
    most = np.where(array_of(core.scale_set) >= 0, 1, lengths)
    if is_test.any() and (bound[is_test] >= most[scale[is_test]]).any():
        return "a bound is beyond its scale"
    return ""


def _ways(core: DeepCore) -> str:
    exits, bound = array_of(core.exits), array_of(core.bound)
    first, blocks, values = first_exits(bound), len(bound), core.values.shape[0]
    if blocks > _BLOCKS:
        return "there are too many blocks"
    if (first[-1] + (bound[-1] != HIGHEST).sum() + 1 if blocks else 0) != len(exits):
        return "the exits of the blocks are incomplete"
    block = np.searchsorted(first, np.arange(len(exits)), side="right") - 1
    if ((exits >= 0) & (exits <= block)).any():
        return "a branch does not lead to a later block"
    top = array_of(core.top.value)[array_of(core.top.feature) < 0, 0]
    if (top != np.rint(top)).any() or (np.abs(top) > np.iinfo(np.int32).max).any():
        return "the top leads to no block"
    leads = np.concatenate([top.astype(np.int64), exits])
    if ((leads >= blocks) | (leads < -values)).any():
        return "a branch leads out of the trees"
    into = leads[leads >= 0]
    if len(into) != blocks or len(np.unique(into)) != blocks:
        return "two branches lead to one block"
    if array_of(core.top.baseline).any() or core.top.members != 1:
        return "the top adds something"
    feature, roots = array_of(core.top.feature), array_of(core.top.roots)
    leaves = np.add.reduceat(feature < 0, roots)
    if leaves.max() > MAX_LEAVES:
        return "the top has too many leaves"
    return ""


def _is_tree(first: list[int]) -> bool:
    try:
        Shape(first)
    except NoTree:
        return False
    return True
