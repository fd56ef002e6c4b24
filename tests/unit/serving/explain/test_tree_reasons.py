"""TreeReasons gives the Shapley values of the path-dependent game, to the last digits."""

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.serving.compiled.trees import TreeArrays
from crispml_core.serving.explain.tree_reasons import TreeReasons

COLUMNS = 5
CATEGORICAL = (3, 4)


def random_trees(seed, *, outputs=1, float32=False, trees=3, splits=7):
    """Grow trees that split columns again and again, with covers that fit together."""
    rng = np.random.default_rng(seed)
    nodes, sets, roots = [], [], []

    def leaf(cover):
        value = np.where(rng.random(outputs) < 0.7, rng.normal(size=outputs), 0.0)
        nodes.append(
            {
                "f": -1,
                "t": 0.0,
                "left": -1,
                "right": -1,
                "m": False,
                "cat": -1,
                "value": value,
                "cover": cover,
            }
        )
        return len(nodes) - 1

    for _ in range(trees):
        open_leaves = [leaf(float(rng.integers(20, 200)))]
        roots.append(open_leaves[0])
        for _ in range(rng.integers(0, splits + 1)):
            node = nodes[open_leaves.pop(rng.integers(len(open_leaves)))]
            column, share = int(rng.integers(COLUMNS)), rng.uniform(0.1, 0.9)
            node["f"], node["m"] = column, bool(rng.random() < 0.5)
            node["value"] = np.zeros(outputs)
            if column in CATEGORICAL:
                node["cat"] = len(sets)
                sets.append(rng.integers(0, 2**32, 8, dtype=np.uint32))
            else:
                node["t"] = float(rng.normal())
            node["left"] = leaf(node["cover"] * share)
            node["right"] = leaf(node["cover"] * (1 - share))
            open_leaves += [node["left"], node["right"]]

    def column_of(name, dtype):
        return np.array([node[name] for node in nodes], dtype=dtype)

    return TreeArrays(
        roots=np.array(roots, np.int32),
        feature=column_of("f", np.int32),
        threshold=column_of("t", np.float64),
        left=column_of("left", np.int32),
        right=column_of("right", np.int32),
        missing_left=column_of("m", bool),
        category_set=column_of("cat", np.int32),
        category_sets=np.array(sets, np.uint32).reshape(-1, 8),
        value=column_of("value", np.float64),
        cover=column_of("cover", np.float64),
        baseline=rng.normal(size=outputs),
        float32_inputs=float32,
    )


def random_record(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=COLUMNS)
    x[list(CATEGORICAL)] = rng.integers(0, 258, len(CATEGORICAL))
    x[rng.random(COLUMNS) < 0.2] = np.nan
    return x


def goes_left(trees, node, x):
    if np.isnan(x):
        return bool(trees.missing_left[node])
    if trees.category_set[node] >= 0:
        code = int(x)
        words = trees.category_sets[trees.category_set[node]]
        return 0 <= code < 256 and bool(words[code // 32] >> np.uint32(code % 32) & 1)
    if trees.float32_inputs:
        x = float(np.float32(x))
    return x <= trees.threshold[node]


def expectation(trees, node, x, known):
    """What a tree answers on average when only some columns are known, by covers."""
    if trees.feature[node] < 0:
        return trees.value[node]
    left, right = trees.left[node], trees.right[node]
    if trees.feature[node] in known:
        side = left if goes_left(trees, node, x[trees.feature[node]]) else right
        return expectation(trees, side, x, known)
    return sum(
        trees.cover[side] / trees.cover[node] * expectation(trees, side, x, known)
        for side in (left, right)
    )


def game(trees, x, known):
    return trees.baseline + sum(expectation(trees, root, x, known) for root in trees.roots)


def shapley_by_subsets(trees, x):
    """The definition: every column joins every set of others."""
    found = np.zeros((COLUMNS, len(trees.baseline)))
    for column in range(COLUMNS):
        others = [other for other in range(COLUMNS) if other != column]
        for size in range(COLUMNS):
            weight = factorial(size) * factorial(COLUMNS - size - 1) / factorial(COLUMNS)
            for known in combinations(others, size):
                joined = game(trees, x, {*known, column}) - game(trees, x, set(known))
                found[column] += weight * joined
    return found


@given(st.integers(0, 10**6), st.integers(1, 3), st.booleans())
def test_it_agrees_with_the_sum_over_all_subsets(seed, outputs, float32):
    trees, x = random_trees(seed, outputs=outputs, float32=float32), random_record(seed + 1)
    reasons, expected = TreeReasons(trees, COLUMNS), shapley_by_subsets(trees, x)
    for output in range(outputs):
        found = reasons.explain(x, output)
        assert found.columns == pytest.approx(expected[:, output], abs=1e-12)
        assert found.base == pytest.approx(game(trees, x, set())[output], abs=1e-12)
        assert found.score == pytest.approx(game(trees, x, set(range(COLUMNS)))[output], abs=1e-12)


@given(st.integers(0, 10**6))
def test_base_and_contributions_sum_to_the_score(seed):
    trees = random_trees(seed, outputs=3, trees=8, splits=30)
    found = TreeReasons(trees, COLUMNS).explain(random_record(seed))
    assert found.base + found.columns.sum() == pytest.approx(found.score, abs=1e-10)
    scores = game(trees, random_record(seed), set(range(COLUMNS)))
    assert found.output == scores.argmax()


def one_tree(**changes):
    """A tree that asks column 0 twice on one path."""
    arrays = {
        "roots": np.array([0], np.int32),
        "feature": np.array([0, 1, -1, 0, -1, -1, 2, -1, -1], np.int32),
        "threshold": np.array([0.5, -1.0, 0, -0.25, 0, 0, 2.0, 0, 0]),
        "left": np.array([1, 2, -1, 4, -1, -1, 7, -1, -1], np.int32),
        "right": np.array([6, 3, -1, 5, -1, -1, 8, -1, -1], np.int32),
        "missing_left": np.ones(9, bool),
        "category_set": np.full(9, -1, np.int32),
        "category_sets": np.zeros((0, 8), np.uint32),
        "value": np.array([0, 0, 1.5, 0, -2.0, 4.0, 0, 3.0, -1.0])[:, None],
        "cover": np.array([100, 60, 25, 35, 10, 25, 40, 32, 8.0]),
        "baseline": np.zeros(1),
    }
    return TreeArrays(**arrays | changes)


# From shap 0.51.0: TreeExplainer({"trees": [...]}).shap_values(X) of the arrays of `one_tree`, with
# children_default = left and node_sample_weight = cover; expected_value is 2.055.
KNOWN = [
    ([0.0, 0.0, 0.0], [1.16595238, 0.61904762, 0.16]),
    ([1.0, -2.0, 3.0], [-0.6775, -0.1375, -2.24]),
    ([-0.5, -0.5, 2.5], [-2.78404762, -0.63095238, -0.64]),
]


@pytest.mark.parametrize(("x", "expected"), KNOWN)
def test_it_agrees_with_the_package_that_treeshap_comes_from(x, expected):
    found = TreeReasons(one_tree(), 3).explain(np.array(x))
    assert found.base == pytest.approx(2.055, abs=1e-12)
    assert found.columns == pytest.approx(expected, abs=1e-8)


def test_a_column_that_no_tree_reads_adds_nothing():
    assert TreeReasons(one_tree(), 6).explain(np.zeros(6)).columns[3:].tolist() == [0, 0, 0]


def test_a_threshold_between_two_float32_values_sends_a_value_where_scikit_learn_does():
    threshold = one_tree().threshold.copy()
    threshold[0] = 0.1  # above it lies the float32 that 0.1 becomes
    x = np.array([0.1, 0.0, 0.0])
    exact = TreeReasons(one_tree(threshold=threshold), 3).explain(x)
    rounded = TreeReasons(one_tree(threshold=threshold, float32_inputs=True), 3).explain(x)
    assert (exact.score, rounded.score) == (4.0, 3.0)


def test_a_branch_that_no_training_row_took_still_adds_up():
    cover = one_tree().cover.copy()
    cover[[4, 6, 7, 8]] = 0.0
    reasons = TreeReasons(one_tree(cover=cover), 3)
    for x in ([1.0, 0.0, 3.0], [-1.0, 0.0, 0.0]):
        found = reasons.explain(np.array(x))
        assert np.isfinite(found.columns).all()
        assert found.base + found.columns.sum() == pytest.approx(found.score, abs=1e-9)


def test_trees_without_a_split_are_all_base():
    stump = random_trees(1, trees=4, splits=0)
    found = TreeReasons(stump, COLUMNS).explain(np.zeros(COLUMNS))
    assert found.base == found.score == pytest.approx(stump.baseline[0] + stump.value.sum())
    assert not found.columns.any()


def test_a_deep_path_of_sixty_columns_stays_exact():
    """A chain, as deep trees on wide data are; each column once, so all weights are known."""
    depth = 60
    inner, leaves = np.arange(depth), depth + np.arange(depth + 1)
    chain = TreeArrays(
        roots=np.array([0], np.int32),
        feature=np.r_[inner, np.full(depth + 1, -1)].astype(np.int32),
        threshold=np.zeros(2 * depth + 1),
        left=np.r_[inner[1:], leaves[0], np.full(depth + 1, -1)].astype(np.int32),
        right=np.r_[leaves[1:], np.full(depth + 1, -1)].astype(np.int32),
        missing_left=np.zeros(2 * depth + 1, bool),
        category_set=np.full(2 * depth + 1, -1, np.int32),
        category_sets=np.zeros((0, 8), np.uint32),
        value=np.r_[np.zeros(depth), 1.0, np.zeros(depth)][:, None],
        cover=np.r_[0.5**inner, 0.5**depth, 0.5 ** (inner + 1)],
        baseline=np.zeros(1),
    )
    found = TreeReasons(chain, depth).explain(np.full(depth, -1.0))
    assert found.columns == pytest.approx(np.full(depth, (1 - 0.5**depth) / depth), rel=1e-12)
