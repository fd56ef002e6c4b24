from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.targets import CostMatrix
from crispml_core.monitoring.binary import binary_kpis
from crispml_core.monitoring.multiclass import multiclass_kpis
from crispml_core.monitoring.worst_case import worst_case

COSTS = CostMatrix(1.0, 5.0, -1.0, 0.5)

rows = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from([0, 1]), st.sampled_from([0, 1, None])),
    min_size=1,
    max_size=7,
)


def completions(y, labelled, classes):
    """All labels that the unlabelled records may get."""
    for values in product(range(classes), repeat=int((~labelled).sum())):
        whole = y.copy()
        whole[~labelled] = values
        yield whole


def extremes(kpis):
    """The least and greatest value of each KPI where it is defined."""
    found = {}
    for name in kpis[0]:
        values = [each[name] for each in kpis if each[name] is not None]
        found[name] = (min(values), max(values)) if values else (None, None)
    return found


@given(rows)
def test_binary_bounds_are_those_of_all_labels_that_may_come(rows):
    p = np.array([score for score, _, _ in rows]) / 4
    d = np.array([decided for _, decided, _ in rows])
    labelled = np.array([label is not None for _, _, label in rows])
    y = np.array([label or 0 for _, _, label in rows])
    found = worst_case("binary", p, d, y, labelled, costs=COSTS)
    expected = extremes(
        [binary_kpis(whole, p, None, COSTS, decision=d) for whole in completions(y, labelled, 2)]
    )
    for name, bounds in found.items():
        assert (bounds["low"], bounds["high"]) == pytest.approx(expected[name], abs=1e-12), name
    assert set(expected) - set(found) == {"pr_auc", "threshold"}


@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(0, 5))
def test_bounds_of_several_classes_are_those_of_all_labels_that_may_come(seed, free, known):
    rng = np.random.default_rng(seed)
    n = free + known
    P, d = rng.dirichlet([1, 1, 1], n), rng.integers(0, 3, n)
    y, labelled = rng.integers(0, 3, n), np.arange(n) >= free
    found = worst_case("multiclass", P, d, y, labelled, n_classes=3)
    expected = extremes(
        [multiclass_kpis(whole, P, decision=d) for whole in completions(y, labelled, 3)]
    )
    assert set(found) == {"accuracy", "log_loss"}
    for name, bounds in found.items():
        assert (bounds["low"], bounds["high"]) == pytest.approx(expected[name])


def test_bounds_of_numbers_need_a_range_of_the_truth():
    prediction, y = np.array([2.0, 5.0, 12.0]), np.array([1.0, np.nan, np.nan])
    labelled = np.array([True, False, False])
    found = worst_case("regression", prediction, None, y, labelled, limits=(0.0, 10.0))
    assert found["mae"] == {"low": pytest.approx(1.0), "high": pytest.approx(18 / 3)}
    assert found["rmse"]["high"] == pytest.approx(np.sqrt((1 + 25 + 144) / 3))
    unlimited = worst_case("regression", prediction, None, y, labelled, limits=(0.0, None))
    assert unlimited["mae"] == {"low": None, "high": None}


def test_all_labels_leave_one_value_and_none_leave_everything_open():
    rng = np.random.default_rng(0)
    p, y = rng.random(50), rng.integers(0, 2, 50)
    d = (p > 0.5).astype(int)
    known = worst_case("binary", p, d, y, np.ones(50, bool))
    for name, bounds in known.items():
        assert bounds["low"] == pytest.approx(bounds["high"])
        assert bounds["low"] == pytest.approx(binary_kpis(y, p, None, decision=d)[name])
    unknown = worst_case("binary", p, d, y, np.zeros(50, bool))
    for name in ("auc", "accuracy", "precision", "recall", "f1"):
        assert unknown[name] == {"low": 0.0, "high": 1.0}


def test_the_order_of_the_rows_changes_no_bit():
    rng = np.random.default_rng(0)
    p, y, labelled = rng.random(500), rng.integers(0, 2, 500), rng.random(500) < 0.5
    d, mixed = (p > 0.5).astype(int), rng.permutation(500)
    assert worst_case("binary", p, d, y, labelled) == worst_case(
        "binary", p[mixed], d[mixed], y[mixed], labelled[mixed]
    )
