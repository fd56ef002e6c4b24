import numpy as np
import pytest

from crispml_core.monitoring import intervals
from crispml_core.monitoring.binary import auc_with_interval
from crispml_core.monitoring.intervals import (
    auc_interval,
    mean_interval,
    resampled_confusions,
    rmse_interval,
    wilson,
)


def test_wilson_by_hand():
    # Newcombe 1998, table I: 81 of 263.
    found = wilson(81, 263)
    assert found["value"] == pytest.approx(0.3080, abs=5e-5)
    assert (found["low"], found["high"]) == pytest.approx((0.2553, 0.3662), abs=5e-5)


@pytest.mark.parametrize(("successes", "bound"), [(0, "low"), (10, "high")])
def test_wilson_stays_inside_the_unit_interval_and_is_never_empty(successes, bound):
    found = wilson(successes, 10)
    assert found[bound] == found["value"]
    assert 0 <= found["low"] < found["high"] <= 1


def test_no_trials_have_no_share():
    assert wilson(0, 0) == {"value": None, "low": None, "high": None}


def test_wilson_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    found = [wilson(int(hits), 40) for hits in rng.binomial(40, 0.15, 600)]
    covered = np.mean([part["low"] <= 0.15 <= part["high"] for part in found])
    assert 0.92 <= covered <= 0.98


def test_delong_covers_the_truth_about_as_often_as_it_says():
    # Normal scores one standard deviation apart have an AUC of Phi(1 / sqrt 2).
    truth = 0.7602499389
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [40, 25])
    found = [auc_with_interval(y, rng.normal(size=65) + y) for _ in range(500)]
    covered = np.mean([part["low"] <= truth <= part["high"] for part in found])
    assert 0.92 <= covered <= 0.98


def test_delong_on_the_logit_scale_by_hand():
    # logit(0.75) = log 3; se = sqrt(1/8) / (0.75 * 0.25).
    found = auc_interval(0.75, 1 / 8, 2)
    half = 1.959963984540054 * np.sqrt(1 / 8) / 0.1875
    expected = [1 / (1 + np.exp(-(np.log(3) + sign * half))) for sign in (-1, 1)]
    assert [found["low"], found["high"]] == pytest.approx(expected)


@pytest.mark.parametrize(("p", "auc"), [([0.1, 0.2, 0.8, 0.9], 1.0), ([0.9, 0.8, 0.2, 0.1], 0.0)])
def test_a_perfect_ranking_of_few_records_is_not_certain(p, auc):
    found = auc_with_interval(np.array([0, 0, 1, 1]), np.array(p))
    pairs = wilson(2 * auc, 2)
    assert found["value"] == auc
    assert (found["low"], found["high"]) == (pairs["low"], pairs["high"])


def test_auc_of_a_single_positive_record_has_an_interval():
    found = auc_with_interval(np.array([0, 0, 0, 1]), np.array([0.1, 0.2, 0.9, 0.5]))
    assert 0 <= found["low"] < found["value"] < found["high"] <= 1


def test_mean_interval_is_cut_where_the_mean_cannot_go():
    found = mean_interval(np.array([0.0, 0.0, 0.0, 1.0]), 0.0, 1.0)
    assert found["value"] == 0.25
    assert found["low"] == 0.0
    assert found["high"] == pytest.approx(0.25 + 1.959963984540054 * 0.25)


def test_a_single_record_has_a_mean_but_no_interval():
    assert mean_interval(np.array([3.0])) == {"value": 3.0, "low": None, "high": None}


def test_rmse_interval_is_that_of_the_mean_squared_error_by_the_delta_method():
    errors = np.array([1.0, -2.0, 3.0, -1.0, 0.5])
    squared = mean_interval(errors**2)
    found = rmse_interval(errors)
    assert found["value"] ** 2 == pytest.approx(squared["value"])
    expected = (squared["high"] - squared["value"]) / (2 * found["value"])
    assert found["high"] - found["value"] == pytest.approx(expected)


def test_no_error_at_all_is_certain():
    assert rmse_interval(np.zeros(5)) == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_resampled_confusions_keep_the_size_of_each_class():
    matrix = np.array([[5, 2, 0], [1, 9, 3], [0, 0, 0]])
    draws = resampled_confusions(matrix)
    assert draws.shape == (intervals.RESAMPLES, 3, 3)
    assert (draws.sum(axis=2) == matrix.sum(axis=1)).all()
    assert draws.mean(axis=0) == pytest.approx(matrix, abs=0.4)
