"""The tests of trees as comparisons of ranks; see `DeepCore`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crispml_core.adapters.compilers.nodes import Nodes
from crispml_core.domain.compiled import TreeCore
from crispml_core.ports.model_compiler import NotCompilable

_MOST = 65535
"""Thresholds of one scale: a rank has two bytes. A column with more has several scales."""


@dataclass(frozen=True, slots=True)
class Scales:
    """All scales, and scale and bound of each test."""

    column: np.ndarray
    missing_left: np.ndarray
    category_set: np.ndarray
    ends: np.ndarray
    thresholds: np.ndarray
    scale: np.ndarray
    bound: np.ndarray


def scales_of(core: TreeCore, nodes: Nodes, tests: np.ndarray, sources: Sequence[str]) -> Scales:
    """Rank the thresholds of some inner nodes.

    The scales of one field lie together, so that serving looks each field up once.

    Raises
    ------
    NotCompilable
        If there are more scales than a test can name.
    """
    place = {source: at for at, source in enumerate(dict.fromkeys(sources))}
    field = np.array([place[source] for source in sources])
    column, category_set = nodes.feature[tests], nodes.category_set[tests]
    missing_left = nodes.missing_left[tests] & core.allows_missing
    keys = np.column_stack([field[column], column, category_set, missing_left])
    kinds, kind = np.unique(keys, axis=0, return_inverse=True)
    order = np.argsort(kind.ravel(), kind="stable")
    groups = np.split(order, np.cumsum(np.bincount(kind.ravel()))[:-1]) if len(tests) else []
    scale, bound = np.zeros((2, len(tests)), dtype=np.int64)
    made: list[tuple[int, int, int]] = []
    parts: list[np.ndarray] = []
    for (_, of, chosen_set, goes_left), group in zip(kinds.tolist(), groups, strict=True):
        thresholds = np.zeros(0)
        if chosen_set < 0:
            thresholds, bound[group] = np.unique(nodes.threshold[tests[group]], return_inverse=True)
        scale[group] = len(made) + bound[group] // _MOST
        bound[group] %= _MOST
        for start in range(0, max(1, len(thresholds)), _MOST):
            made.append((of, goes_left, chosen_set))
            parts.append(thresholds[start : start + _MOST])
    if len(made) > _MOST:
        raise NotCompilable("the trees have too many sets of categories")
    table = np.array(made, dtype=np.int64).reshape(-1, 3)
    return Scales(
        column=table[:, 0],
        missing_left=table[:, 1],
        category_set=table[:, 2],
        ends=np.cumsum([len(part) for part in parts]),
        thresholds=np.concatenate([np.zeros(0), *parts]),
        scale=scale,
        bound=bound,
    )
