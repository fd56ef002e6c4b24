"""Deep trees as blocks are the same trees."""

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeRegressor

from crispml_core.adapters.compilers.deep import deep_core
from crispml_core.adapters.compilers.trees import boosted_core, forest_core
from crispml_core.domain.compiled import CuratedColumn, Plan
from crispml_core.serving.compiled.arrays import array_of, tree_arrays
from crispml_core.serving.compiled.curation import Refused
from crispml_core.serving.compiled.deep_trees import DeepTrees
from crispml_core.serving.compiled.encoding import decode_plan, encode_plan
from crispml_core.serving.compiled.unfolding import nodes_of

NAMES = ("a", "b", "c")


def some_rows(count, seed=0):
    """Return rows with a continuous number, one with gaps and a code, and their classes."""
    random = np.random.default_rng(seed)
    X = np.column_stack(
        [random.normal(size=count), random.integers(0, 9, count), random.integers(0, 6, count)]
    )
    X[random.random(count) < 0.1, 1] = np.nan
    noise = random.normal(size=count)
    return X, np.digitize(X[:, 0] + np.nan_to_num(X[:, 1]) / 4 + (X[:, 2] == 3) + noise, [0.5, 2])


def classes():
    X, y = some_rows(700)
    return RandomForestClassifier(7, random_state=0).fit(X, y, np.linspace(0.1, 3, len(y)))


def numbers():
    X, y = some_rows(700)
    return ExtraTreesRegressor(5, random_state=0).fit(np.nan_to_num(X), X[:, 0] * y)


def boosted():
    X, y = some_rows(3000)
    model = HistGradientBoostingClassifier(
        max_iter=3, max_leaf_nodes=150, min_samples_leaf=2, categorical_features=[2]
    )
    return model.fit(X, y)


def core_of(model):
    is_boosted = isinstance(model, HistGradientBoostingClassifier)
    return boosted_core(model) if is_boosted else forest_core(model)


def plan_of(core, names):
    columns = tuple(CuratedColumn(source=name, is_text=False) for name in names)
    deep = deep_core(core, names)
    plan = Plan(columns=columns, outputs=core.value.shape[1], deep=deep)
    return decode_plan(encode_plan(plan))


def tree_below(trees, node):
    """Return a tree as nested tuples, whatever its nodes are numbered."""
    if trees.feature[node] < 0:
        return tuple(trees.value[node]), trees.cover[node]
    chosen = trees.category_set[node]
    return (
        trees.feature[node],
        tuple(trees.category_sets[chosen]) if chosen >= 0 else trees.threshold[node],
        bool(trees.missing_left[node]),
        pytest.approx(trees.cover[node]),
        tree_below(trees, trees.left[node]),
        tree_below(trees, trees.right[node]),
    )


@pytest.mark.parametrize("make", [classes, numbers, boosted])
def test_unfolded_they_are_the_trees_they_were_made_of(make):
    core = core_of(make())
    before, after = tree_arrays(core), nodes_of(plan_of(core, NAMES))
    assert len(before.roots) == len(after.roots)
    for one, other in zip(before.roots, after.roots, strict=True):
        assert tree_below(after, other) == tree_below(before, one)
    np.testing.assert_array_equal(after.baseline, before.baseline)


def test_one_record_and_several_have_the_same_answers():
    model = classes()
    trees = DeepTrees(plan_of(core_of(model), NAMES), {name: at for at, name in enumerate(NAMES)})
    X, _ = some_rows(300, seed=1)
    rows = [tuple(None if value != value else value for value in row) for row in X.tolist()]
    found = trees.of_rows(rows)
    assert found == [trees.of_rows([row])[0] for row in rows]
    assert trees.of_rows([]) == []
    np.testing.assert_allclose(found, model.predict_proba(X), rtol=0, atol=1e-15)


@pytest.mark.parametrize("value", [1e300, -1e300, float("inf")])
def test_a_number_beyond_float32_is_refused_as_scikit_learn_refuses_it(value):
    model = classes()
    trees = DeepTrees(plan_of(core_of(model), NAMES), {name: at for at, name in enumerate(NAMES)})
    with pytest.raises(ValueError, match="too large for dtype"):
        model.predict_proba([[value, 1.0, 1.0]])
    with pytest.raises(Refused, match="a number is too large for the model"):
        trees.of_rows([(value, 1.0, 1.0)])


def test_a_column_may_have_more_thresholds_than_a_rank_can_count():
    x = np.random.default_rng(0).permutation(150_000)
    model = DecisionTreeRegressor().fit(x[:, None], x % 1009)
    plan = plan_of(core_of(model), ["x"])
    assert len(array_of(plan.deep.scale_column)) == 3
    asked = [-1.0, 0.0, 0.5, *range(65_530, 65_540), *range(131_065, 131_075), 149_999.0, 1e9]
    found = DeepTrees(plan, {"x": 0}).of_rows([(value,) for value in asked])
    assert found == model.predict(np.array(asked)[:, None]).tolist()
