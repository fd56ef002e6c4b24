import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from crispml_core.domain.targets import CostMatrix
from crispml_core.monitoring.binary import auc_with_interval, binary_intervals
from crispml_core.monitoring.binary_masses import auc_slopes, binary_slopes
from crispml_core.monitoring.confusion import cost_table
from crispml_core.monitoring.masses import kish, one_hot
from crispml_core.monitoring.multiclass import multiclass_kpis
from crispml_core.monitoring.multiclass_masses import multiclass_slopes

COSTS = CostMatrix(1.0, 5.0, -0.5, 0.25)


def binary(n=300, seed=0, digits=2):
    rng = np.random.default_rng(seed)
    p = np.sort(rng.random(n).round(digits))
    y = (rng.random(n) < p).astype(int)
    return y, p, (p >= 0.4).astype(int), rng.uniform(0.5, 4, n)


def several(n=300, seed=0):
    rng = np.random.default_rng(seed)
    P = rng.dirichlet([1, 2, 3], n).round(2) + 0.001
    P /= P.sum(axis=1, keepdims=True)
    y = np.array([rng.choice(3, p=row) for row in P])
    return y, P, P.argmax(axis=1), rng.uniform(0.5, 4, n)


def test_weighted_binary_kpis_are_those_of_scikit_learn():
    y, p, d, w = binary()
    found = dict(binary_slopes(one_hot(y, 2, w), p, d, COSTS))
    expected = {
        "auc": metrics.roc_auc_score(y, p, sample_weight=w),
        "pr_auc": metrics.average_precision_score(y, p, sample_weight=w),
        "brier": metrics.brier_score_loss(y, p, sample_weight=w),
        "log_loss": metrics.log_loss(y, p, sample_weight=w),
        "accuracy": metrics.accuracy_score(y, d, sample_weight=w),
        "precision": metrics.precision_score(y, d, sample_weight=w),
        "recall": metrics.recall_score(y, d, sample_weight=w),
        "f1": metrics.f1_score(y, d, sample_weight=w),
        "expected_cost": np.average(cost_table(COSTS)[y, d], weights=w),
    }
    assert {name: part.value for name, part in found.items()} == pytest.approx(expected)


def test_weighted_kpis_of_several_classes_are_those_of_scikit_learn():
    y, P, d, w = several()
    found = dict(multiclass_slopes(one_hot(y, 3, w), P.T, d))
    of_class = [metrics.roc_auc_score(y == c, P[:, c], sample_weight=w) for c in range(3)]
    expected = {
        "accuracy": metrics.accuracy_score(y, d, sample_weight=w),
        "macro_f1": metrics.f1_score(y, d, sample_weight=w, average="macro"),
        "log_loss": metrics.log_loss(y, P, sample_weight=w),
        "auc": np.mean(of_class),
    }
    assert {name: part.value for name, part in found.items()} == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_slopes_are_derivatives_and_weights_of_equal_scale_change_nothing(kind):
    y, p, d, w = binary(40, digits=1) if kind == "binary" else several(40)
    masses = one_hot(y, 2 if kind == "binary" else 3, w)
    scores = p if kind == "binary" else p.T

    def kpis(masses):
        if kind == "binary":
            return dict(binary_slopes(masses, scores, d, COSTS))
        return dict(multiclass_slopes(masses, scores, d))

    base, step = kpis(masses), 1e-6
    for name, sloped in base.items():
        assert (masses * sloped.slopes).sum() == pytest.approx(0, abs=1e-12)
        for row in (0, 17, 39):
            more = masses.copy()
            # Where the record has mass already, so that it stays in one class.
            more[y[row], row] += step
            moved = (kpis(more)[name].value - sloped.value) / step
            assert moved == pytest.approx(sloped.slopes[y[row], row], rel=1e-3, abs=1e-7)


def test_an_unweighted_auc_has_the_interval_of_delong():
    y, p, _, _ = binary(2000, digits=6)
    masses = one_hot(y, 2)
    sloped = auc_slopes(masses, p)
    found = sloped.interval(float(((masses * sloped.slopes) ** 2).sum()))
    expected = auc_with_interval(y, p)
    assert found == pytest.approx(expected, abs=1e-5)


def test_equal_weights_give_the_shares_the_intervals_of_wilson():
    y, p, d, _ = binary()
    masses = one_hot(y, 2)
    expected = binary_intervals(y, p, None, COSTS, decision=d)
    for name, sloped in binary_slopes(masses, p, d, COSTS):
        if name in ("accuracy", "precision", "recall"):
            variance = float(((masses * sloped.slopes) ** 2).sum())
            assert sloped.interval(variance) == pytest.approx(expected[name])


def test_slopes_are_given_for_the_records_that_are_asked_for():
    y, p, d, w = binary(50, digits=1)
    masses = one_hot(y, 2, w)
    some = np.array([0, 7, 49])
    chosen = dict(binary_slopes(masses, p, d, COSTS, some))
    for name, sloped in binary_slopes(masses, p, d, COSTS):
        assert chosen[name].slopes == pytest.approx(sloped.slopes[:, some])
        assert chosen[name].value == sloped.value


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0.05, 0.95)), min_size=2, max_size=7))
def test_an_auc_over_spread_masses_is_the_ratio_of_expectations(rows):
    p = np.sort(np.array([score for score, _ in rows]) / 4)
    q = np.array([chance for _, chance in rows])
    numerator = denominator = 0.0
    for i in range(len(rows)):
        for j in range(len(rows)):
            if i != j:
                won = (p[i] > p[j]) + (p[i] == p[j]) / 2
                numerator += q[i] * (1 - q[j]) * won
                denominator += q[i] * (1 - q[j])
    assert auc_slopes(np.stack((1 - q, q)), p).value == pytest.approx(numerator / denominator)


def test_kpis_without_a_class_or_a_decision_are_left_out():
    _, p, _, _ = binary(20)
    found = dict(binary_slopes(one_hot(np.zeros(20, int), 2), p, np.zeros(20, int)))
    assert set(found) == {"brier", "log_loss", "accuracy", "expected_cost"}
    assert dict(binary_slopes(np.zeros((2, 0)), p[:0], None)) == {}


def test_masses_of_one_record_each_give_the_plain_kpis():
    y, P, d, _ = several()
    found = dict(multiclass_slopes(one_hot(y, 3), P.T, d))
    expected = multiclass_kpis(y, P, decision=d)
    assert {name: part.value for name, part in found.items()} == pytest.approx(expected)


def test_effective_records_are_the_records_when_all_weigh_the_same():
    assert kish(np.full(7, 3.0)) == pytest.approx(7)
    assert kish(np.array([1.0, 0.0, 0.0])) == 1
    assert kish(np.zeros(3)) == 0
