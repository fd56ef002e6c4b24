"""Deep trees as nodes again: who explains a score follows single nodes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crispml_core.domain.compiled import DeepCore, Plan
from crispml_core.serving.compiled.arrays import array_of, tree_arrays
from crispml_core.serving.compiled.blocks import first_exits
from crispml_core.serving.compiled.scales import HIGHEST
from crispml_core.serving.compiled.shapes import TESTS, Shape
from crispml_core.serving.compiled.trees import TreeArrays


def nodes_of(plan: Plan) -> TreeArrays:
    """Return the trees of a plan, in whichever form it has them."""
    if plan.deep is not None:
        return _unfold(plan.deep)
    assert plan.trees is not None
    return tree_arrays(plan.trees)


def _unfold(core: DeepCore) -> TreeArrays:
    """Return the nodes of the top, then one for each test, then one for each exit.

    A node that only stands for the block it leads to stays behind as a leaf nobody reaches.
    """
    top, tests = tree_arrays(core.top), _Tests(core, begin=len(core.top.feature.data) // 4)
    exits, values = array_of(core.exits), array_of(core.values) / core.members
    is_top_leaf = top.feature < 0
    leads = np.concatenate(
        [
            np.where(is_top_leaf, top.value[:, 0], 0).astype(np.int64),
            np.zeros(tests.count, int),
            exits,
        ]
    )
    is_leaf = np.concatenate([is_top_leaf, np.zeros(tests.count, bool), np.ones(len(exits), bool)])
    node = np.arange(len(leads))
    enters = is_leaf & (leads >= 0)
    node[enters] = tests.roots[leads[enters]]
    value = np.zeros((len(leads), values.shape[1]))
    ends = is_leaf & (leads < 0)
    value[ends] = values[-1 - leads[ends]]
    nothing = np.full(len(exits), -1)

    def joined(of_top: np.ndarray, of_tests: np.ndarray, of_exits: np.ndarray) -> np.ndarray:
        return np.concatenate([of_top, of_tests, of_exits])

    def followed(children: np.ndarray) -> np.ndarray:
        return np.where(children >= 0, node[children], -1)

    return TreeArrays(
        roots=node[top.roots],
        feature=joined(top.feature, tests.column, nothing),
        threshold=joined(top.threshold, tests.threshold, np.zeros(len(exits))),
        left=followed(joined(top.left, tests.left, nothing)),
        right=followed(joined(top.right, tests.right, nothing)),
        missing_left=joined(top.missing_left, tests.missing_left, nothing > 0),
        category_set=joined(top.category_set, tests.category_set, nothing),
        category_sets=array_of(core.category_sets),
        value=value,
        cover=joined(top.cover, tests.cover, array_of(core.exit_cover)),
        baseline=array_of(core.baseline),
        float32_inputs=core.float32_inputs,
    )


class _Tests:
    """The tests of all blocks as nodes, numbered from `begin`; their exits follow."""

    def __init__(self, core: DeepCore, begin: int) -> None:
        bound = array_of(core.bound)
        is_test = bound != HIGHEST
        counts = is_test.sum(axis=1)
        self.count = int(counts.sum())
        self._is_test, self._counts = is_test, counts[:, None]
        self._first_test = (begin + np.cumsum(counts) - counts)[:, None]
        self._first_exit = first_exits(bound)[:, None]
        self._exits_begin = begin + self.count
        shapes = [Shape(first) for first in array_of(core.shapes).tolist()]
        shape = array_of(core.shape)
        self.roots = self._nodes(_table([[one.root] for one in shapes], shape))[:, 0]
        self.left = self._nodes(_table([one.left for one in shapes], shape))[is_test]
        self.right = self._nodes(_table([one.right for one in shapes], shape))[is_test]
        last = _table([one.last for one in shapes], shape)
        self.cover = self._covers(core, array_of(core.shapes)[shape], last)
        scale = array_of(core.scale)[is_test]
        self.column = array_of(core.scale_column)[scale]
        self.missing_left = array_of(core.scale_missing_left)[scale]
        self.category_set = array_of(core.scale_set)[scale]
        is_number = self.category_set < 0
        begins = np.append(0, array_of(core.scale_ends))[scale]
        self.threshold = np.zeros(self.count)
        places = (begins + bound[is_test])[is_number]
        self.threshold[is_number] = array_of(core.thresholds)[places]

    def _nodes(self, branches: np.ndarray) -> np.ndarray:
        """Return branches of shapes as nodes.

        A shape has seven tests; where a block has fewer, the first that is missing is its last
        exit.
        """
        is_test = branches < self._counts
        exits = np.where(branches < TESTS, branches, branches - TESTS)
        at_exit = self._exits_begin + self._first_exit + exits
        return np.asarray(np.where(is_test, self._first_test + branches, at_exit))

    def _covers(self, core: DeepCore, first: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Return how many rows come to each test: those of all exits below it."""
        covers = np.append(array_of(core.exit_cover).astype(np.float64), 0.0)
        total = np.zeros(first.shape)
        for place in range(TESTS + 1):
            at = np.where(place <= self._counts, self._first_exit + place, -1)
            total += np.where((first <= place) & (place <= last), covers[at], 0.0)
        return np.asarray(total[self._is_test])


def _table(rows: Sequence[Sequence[int]], shape: np.ndarray) -> np.ndarray:
    """Return the row of the shape of each block."""
    width = len(rows[0]) if rows else TESTS
    found: np.ndarray = np.array(rows, dtype=np.int64).reshape(-1, width)[shape]
    return found
