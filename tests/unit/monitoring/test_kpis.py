import math
import time

import numpy as np
import pytest
from sklearn import metrics

from crispml_core.domain.targets import CostMatrix
from crispml_core.monitoring.binary import binary_kpis
from crispml_core.monitoring.kpis import kpis_with_intervals, values_of
from crispml_core.monitoring.multiclass import multiclass_kpis
from crispml_core.monitoring.names import KPI_NAMES
from crispml_core.monitoring.regression import regression_kpis

pytestmark = pytest.mark.filterwarnings("error")

COSTS = CostMatrix(false_positive=1.0, false_negative=5.0)


def binary(n=300, seed=0):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.3).astype(int)
    return y, np.round(1 / (1 + np.exp(1 - y - rng.normal(size=n))), 2)


def multiclass(n=300, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    P = rng.dirichlet(np.ones(3), n)
    P[np.arange(n), y] += 0.4
    return y, P / P.sum(axis=1, keepdims=True)


def regression(n=300, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    return truth, truth + 0.5 * rng.normal(size=n)


def test_binary_kpis_are_those_of_scikit_learn():
    y, p = binary()
    decided = p >= 0.4
    assert binary_kpis(y, p, 0.4, COSTS) == pytest.approx(
        {
            "auc": metrics.roc_auc_score(y, p),
            "pr_auc": metrics.average_precision_score(y, p),
            "brier": metrics.brier_score_loss(y, p),
            "log_loss": metrics.log_loss(y, p),
            "accuracy": metrics.accuracy_score(y, decided),
            "precision": metrics.precision_score(y, decided),
            "recall": metrics.recall_score(y, decided),
            "f1": metrics.f1_score(y, decided),
            "expected_cost": np.where(decided == y, 0, np.where(y == 1, 5, 1)).mean(),
            "threshold": 0.4,
        },
        abs=1e-12,
    )


def test_multiclass_kpis_are_those_of_scikit_learn():
    y, P = multiclass()
    decided = P.argmax(axis=1)
    assert multiclass_kpis(y, P) == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(y, decided),
            "macro_f1": metrics.f1_score(y, decided, average="macro"),
            "log_loss": metrics.log_loss(y, P),
            "auc": metrics.roc_auc_score(y, P, multi_class="ovr"),
        },
        abs=1e-12,
    )


def test_regression_kpis_are_those_of_scikit_learn():
    y, prediction = regression()
    assert regression_kpis(y, prediction) == pytest.approx(
        {
            "mae": metrics.mean_absolute_error(y, prediction),
            "rmse": metrics.root_mean_squared_error(y, prediction),
            "r2": metrics.r2_score(y, prediction),
        },
        abs=1e-12,
    )


def test_a_decision_needs_a_probability_of_at_least_the_threshold():
    kpis = binary_kpis(np.array([0, 1]), np.array([0.2, 0.5]), 0.5)
    assert kpis["accuracy"] == 1.0


def test_decisions_that_were_made_already_replace_the_threshold():
    y, p = np.array([0, 1]), np.array([0.2, 0.9])
    kpis = binary_kpis(y, p, None, decision=np.array([1, 0]))
    assert kpis["accuracy"] == 0.0
    assert kpis["auc"] == 1.0
    assert kpis["threshold"] is None


def test_decisions_without_probabilities_still_have_their_kpis():
    kpis = binary_kpis(np.array([0, 1]), None, None, decision=np.array([0, 1]))
    assert (kpis["accuracy"], kpis["auc"], kpis["brier"]) == (1.0, None, None)


@pytest.mark.parametrize(
    ("task", "prediction"),
    [("binary", np.empty(0)), ("multiclass", np.empty((0, 3))), ("regression", np.empty(0))],
)
def test_no_rows_give_none_and_no_warning(task, prediction):
    found = kpis_with_intervals(task, np.empty(0), prediction, threshold=None, n_classes=3)
    assert tuple(found) == KPI_NAMES[task]
    assert all(part == {"value": None, "low": None, "high": None} for part in found.values())


def test_one_class_only_leaves_what_can_be_said():
    kpis = binary_kpis(np.zeros(4, dtype=int), np.array([0.1, 0.2, 0.3, 0.4]), 0.5)
    undefined = {name for name, value in kpis.items() if value is None}
    assert undefined == {"auc", "pr_auc", "precision", "recall", "f1"}
    assert kpis["accuracy"] == 1.0


def test_equal_truths_have_no_r2():
    assert regression_kpis(np.ones(3), np.array([1.0, 2.0, 3.0]))["r2"] is None


def test_a_certain_wrong_probability_keeps_the_log_loss_finite():
    kpis = binary_kpis(np.array([1, 0]), np.array([0.0, 1.0]), 0.5)
    assert math.isfinite(kpis["log_loss"])


CASES = {
    "binary": (binary, {"threshold": 0.4, "costs": COSTS}),
    "multiclass": (multiclass, {"n_classes": 3}),
    "regression": (regression, {}),
}


@pytest.mark.parametrize("task", CASES)
def test_every_value_lies_inside_its_interval(task):
    make, options = CASES[task]
    found = kpis_with_intervals(task, *make(), **options)
    for name, part in found.items():
        if name != "threshold":
            assert part["low"] < part["value"] < part["high"], name
            assert part["high"] - part["low"] < 0.5, name


@pytest.mark.parametrize("task", CASES)
def test_intervals_tighten_with_the_root_of_the_records(task):
    make, options = CASES[task]
    few = kpis_with_intervals(task, *make(2_000), **options)
    many = kpis_with_intervals(task, *make(32_000), **options)
    for name in few:
        if name != "threshold":
            width = [part[name]["high"] - part[name]["low"] for part in (few, many)]
            assert width[0] / width[1] == pytest.approx(4, rel=0.25), name


@pytest.mark.parametrize("task", CASES)
@pytest.mark.parametrize("n", [500, 25_000])
def test_the_order_of_the_rows_changes_no_bit(task, n):
    make, options = CASES[task]
    y, prediction = make(n)
    shuffled = np.random.default_rng(9).permutation(n)
    assert kpis_with_intervals(task, y, prediction, **options) == kpis_with_intervals(
        task, y[shuffled], prediction[shuffled], **options
    )


def test_leaving_out_bounds_changes_no_value():
    y, p = binary()
    quick = kpis_with_intervals("binary", y, p, threshold=0.4, costs=COSTS, bounds=False)
    assert values_of(quick) == values_of(
        kpis_with_intervals("binary", y, p, threshold=0.4, costs=COSTS)
    )


def test_ten_thousand_rows_take_less_than_a_second():
    y, p = binary(10_000)
    start = time.process_time()
    kpis_with_intervals("binary", y, p, threshold=0.4)
    assert time.process_time() - start < 1.0


def test_a_bootstrap_covers_the_truth_about_as_often_as_it_says():
    truth = 0.8  # of a prediction that misses by half a standard deviation: 1 / (1 + 0.25)
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(100):
        x = rng.normal(size=150)
        y = x + 0.5 * rng.normal(size=150)
        part = kpis_with_intervals("regression", y, x)["r2"]
        covered += part["low"] <= truth <= part["high"]
    assert 0.86 <= covered / 100 <= 0.99
