import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from crispml_core.monitoring.ranking import (
    auc,
    auc_influence,
    auc_variance,
    average_precision,
    macro_auc,
    macro_auc_influence,
)

# Few distinct scores, so that ties are the rule.
RECORDS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 8).map(lambda n: n / 8)), min_size=2, max_size=60
).filter(lambda rows: {label for label, _ in rows} == {0, 1})


def arrays(rows):
    y, p = zip(*rows, strict=True)
    return np.array(y), np.array(p)


@given(RECORDS)
def test_auc_is_that_of_scikit_learn_with_ties(rows):
    y, p = arrays(rows)
    assert auc(y, p) == pytest.approx(roc_auc_score(y, p), abs=1e-12)


@given(RECORDS, st.randoms())
def test_auc_does_not_depend_on_the_order_of_the_rows_in_any_bit(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert auc(*arrays(rows)) == auc(*arrays(shuffled))


@given(RECORDS)
def test_average_precision_is_that_of_scikit_learn(rows):
    y, p = arrays(rows)
    assert average_precision(y, p) == pytest.approx(average_precision_score(y, p), abs=1e-12)


@pytest.mark.parametrize("y", [[], [1, 1], [0, 0, 0]])
def test_ranking_is_undefined_without_both_classes(y):
    y, p = np.array(y, dtype=int), np.linspace(0, 1, len(y))
    assert auc(y, p) is None
    assert average_precision(y, p) is None


@given(RECORDS.filter(lambda rows: 1 < sum(label for label, _ in rows) < len(rows) - 1))
def test_variance_is_the_one_of_delong_over_all_pairs(rows):
    y, p = arrays(rows)
    positive, negative = p[y == 1], p[y == 0]
    right = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    by_definition = right.mean(axis=1).var(ddof=1) / len(positive) + right.mean(axis=0).var(
        ddof=1
    ) / len(negative)
    assert auc_variance(auc_influence(y, p)[1], y) == pytest.approx(by_definition, abs=1e-12)


def test_variance_by_hand():
    # Placements: 1 and 1/2 of the positives, 1 and 1/2 of the negatives, each with variance 1/8.
    y, p = np.array([1, 1, 0, 0]), np.array([0.9, 0.4, 0.5, 0.1])
    assert auc(y, p) == 0.75
    assert auc_variance(auc_influence(y, p)[1], y) == pytest.approx(1 / 8)


def test_macro_auc_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 4, 200)
    P = rng.dirichlet(np.ones(4), 200)
    expected = roc_auc_score(y, P, multi_class="ovr", average="macro")
    assert macro_auc(y, P) == pytest.approx(expected, abs=1e-12)
    value, influence = macro_auc_influence(y, P)
    assert value == macro_auc(y, P)
    assert influence.sum() == pytest.approx(0, abs=1e-12)


def test_macro_auc_leaves_out_a_class_that_does_not_occur():
    y = np.array([0, 0, 1, 1])
    P = np.array([[0.7, 0.2, 0.1], [0.3, 0.5, 0.2], [0.4, 0.5, 0.1], [0.1, 0.6, 0.3]])
    assert macro_auc(y, P) == np.mean([auc((y == code).astype(int), P[:, code]) for code in (0, 1)])
