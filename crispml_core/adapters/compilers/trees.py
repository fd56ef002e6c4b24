"""Fitted ensembles of trees to arrays."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from crispml_core.adapters.compilers.arrays import raw_array
from crispml_core.domain.compiled import TreeCore

BOOSTED = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
SINGLE = (DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor)
FORESTS = (
    RandomForestClassifier,
    RandomForestRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
)

Nodes = dict[str, np.ndarray]

_DTYPES = {
    "feature": "int32",
    "threshold": "float64",
    "left": "int32",
    "right": "int32",
    "missing_left": "bool",
    "category_set": "int32",
    "value": "float64",
    "cover": "float64",
}


def boosted_core(estimator: Any) -> TreeCore:
    """Return the trees of histogram gradient boosting, whose columns its own encoder has made."""
    outputs = estimator.n_trees_per_iteration_
    sets: list[np.ndarray] = []
    trees = [
        _boosted_nodes(estimator, predictor, output, outputs, sets)
        for iteration in estimator._predictors
        for output, predictor in enumerate(iteration)
    ]
    return _core(
        trees,
        sets,
        baseline=np.ravel(estimator._baseline_prediction),
        link=_boosted_link(estimator, outputs),
        allows_missing=True,
    )


def _boosted_link(estimator: Any, outputs: int) -> Literal["identity", "logit", "softmax", "log"]:
    if isinstance(estimator, HistGradientBoostingClassifier):
        return "logit" if outputs == 1 else "softmax"
    return "log" if estimator.loss in ("poisson", "gamma") else "identity"


def _boosted_nodes(
    estimator: Any, predictor: Any, output: int, outputs: int, sets: list[np.ndarray]
) -> Nodes:
    nodes = predictor.nodes
    is_leaf = nodes["is_leaf"].astype(bool)
    category_set = np.full(len(nodes), -1)
    for index in np.flatnonzero(nodes["is_categorical"].astype(bool) & ~is_leaf):
        category_set[index] = len(sets)
        sets.append(_left_codes(estimator, predictor, nodes[index]))
    value = np.zeros((len(nodes), outputs))
    value[is_leaf, output] = nodes["value"][is_leaf]
    return {
        "feature": np.where(is_leaf, -1, nodes["feature_idx"].astype(np.int64)),
        "threshold": np.where(is_leaf | (category_set >= 0), 0.0, nodes["num_threshold"]),
        "left": np.where(is_leaf, -1, nodes["left"].astype(np.int64)),
        "right": np.where(is_leaf, -1, nodes["right"].astype(np.int64)),
        "missing_left": nodes["missing_go_to_left"].astype(bool) & ~is_leaf,
        "category_set": category_set,
        "value": value,
        "cover": nodes["count"].astype(np.float64),
    }


def _left_codes(estimator: Any, predictor: Any, node: Any) -> np.ndarray:
    """Return the bits of the codes that go left; an unknown code goes where a missing one goes."""
    known_sets, places = estimator._bin_mapper.make_known_categories_bitsets()
    left = predictor.raw_left_cat_bitsets[node["bitset_idx"]]
    known = known_sets[places[node["feature_idx"]]]
    chosen: np.ndarray = left | ~known if node["missing_go_to_left"] else left
    return chosen


def forest_core(estimator: Any) -> TreeCore:
    """Return the trees of a forest; its answer is their mean.

    A forest of two classes has one output, the probability of the second.
    """
    members = getattr(estimator, "estimators_", [estimator])
    trees = [_forest_nodes(member.tree_) for member in members]
    return _core(
        trees,
        [],
        baseline=np.zeros(trees[0]["value"].shape[1]),
        link="identity",
        allows_missing=_knows_missing(members[0]),
        float32_inputs=True,
        members=len(members),
    )


def _knows_missing(member: Any) -> bool:
    """Whether a tree answers a record with a missing value instead of refusing it."""
    return bool(member._support_missing_values(np.zeros((1, 1))))


def _forest_nodes(tree: Any) -> Nodes:
    is_leaf = tree.children_left < 0
    value = tree.value[:, 0, :]
    if value.shape[1] == 2:
        value = value[:, 1:]  # the first of two classes has the rest
    return {
        "feature": np.where(is_leaf, -1, tree.feature),
        "threshold": np.where(is_leaf, 0.0, tree.threshold),
        "left": np.where(is_leaf, -1, tree.children_left),
        "right": np.where(is_leaf, -1, tree.children_right),
        "missing_left": tree.missing_go_to_left.astype(bool) & ~is_leaf,
        "category_set": np.full(len(is_leaf), -1),
        "value": np.where(is_leaf[:, None], value, 0.0),
        "cover": tree.weighted_n_node_samples,
    }


def _core(
    trees: list[Nodes], sets: list[np.ndarray], baseline: np.ndarray, **rest: Any
) -> TreeCore:
    """Join trees, whose children count from their own root."""
    starts = np.cumsum([0, *(len(tree["feature"]) for tree in trees)])[:-1]
    for tree, start in zip(trees, starts, strict=True):
        for side in ("left", "right"):
            tree[side] = np.where(tree[side] < 0, -1, tree[side] + start)
    arrays: dict[str, Any] = {
        name: raw_array(np.concatenate([tree[name] for tree in trees]), dtype)
        for name, dtype in _DTYPES.items()
    }
    return TreeCore(
        roots=raw_array(starts, "int32"),
        category_sets=raw_array(np.array(sets, np.uint32).reshape(-1, 8), "uint32"),
        baseline=raw_array(baseline, "float64"),
        **arrays,
        **rest,
    )
