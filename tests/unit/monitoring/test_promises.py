import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import mean_pinball_loss

from crispml_core.monitoring.intervals import wilson
from crispml_core.monitoring.promises import interval_counts, set_counts


def answered(n, level, spread=1.0):
    """Numbers with normal errors, and the interval that is right for `spread` 1."""
    rng = np.random.default_rng(0)
    centre = rng.normal(size=n) * 5
    half = norm.ppf((1 + level) / 2) * np.ones(n)
    return centre + spread * rng.normal(size=n), centre - half, centre + half, level


def test_hits_and_misses_on_both_sides_are_counted():
    y, low, high = np.array([1.0, 2.0, 3.0, 9.0, 0.0]), np.ones(5), np.full(5, 3.0)
    found = interval_counts(y, low, high, 0.8)
    assert found["coverage"] == wilson(3, 5)
    assert (found["below"]["value"], found["above"]["value"]) == (0.2, 0.2)
    assert found["width"]["value"] == 2.0
    assert found["interval_score"]["value"] == pytest.approx(2 + 10 * (6 + 1) / 5)


def test_the_interval_score_is_the_pinball_loss_of_both_bounds():
    y, low, high, level = answered(300, 0.8)
    found = interval_counts(y, low, high, level)
    pinball = mean_pinball_loss(y, low, alpha=0.1) + mean_pinball_loss(y, high, alpha=0.9)
    assert found["interval_score"]["value"] * (1 - level) / 2 == pytest.approx(pinball)


def test_right_intervals_cover_as_promised_and_narrow_ones_do_not():
    right, narrow = (interval_counts(*answered(500, 0.9, spread)) for spread in (1.0, 2.0))
    assert right["coverage"]["low"] < 0.9 < right["coverage"]["high"]
    assert narrow["coverage"]["high"] < 0.9
    assert narrow["interval_score"]["value"] > right["interval_score"]["value"]


def test_sets_of_classes_are_counted():
    found = set_counts(np.array([True, True, False, True]), np.array([1, 2, 1, 0]))
    assert found["coverage"] == wilson(3, 4)
    assert found["mean_size"]["value"] == 1.0
    assert found["refer"]["value"] == 0.5


def test_no_answers_have_no_coverage():
    nothing = np.empty(0)
    for found in (interval_counts(nothing, nothing, nothing, 0.9), set_counts(nothing, nothing)):
        assert {part["value"] for part in found.values()} == {None}
