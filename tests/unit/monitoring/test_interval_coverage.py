import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import mean_pinball_loss

from crispml_core.monitoring.interval_coverage import interval_coverage, set_coverage
from crispml_core.monitoring.intervals import wilson


def answered(n, level, seed=0, spread=1.0):
    """Numbers with standard normal errors, and the interval that is right for `spread` 1."""
    rng = np.random.default_rng(seed)
    centre = rng.normal(size=n) * 5
    half = norm.ppf((1 + level) / 2) * np.ones(n)
    return centre + spread * rng.normal(size=n), centre - half, centre + half, np.full(n, level)


def test_each_level_is_counted_on_its_own():
    parts = [answered(400, level, seed) for seed, level in enumerate((0.9, 0.5))]
    y, low, high, level = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    first, second = interval_coverage(y, low, high, level)
    assert (first["level"], second["level"]) == (0.5, 0.9)
    y, low, high, _ = parts[0]
    inside = (low <= y) & (y <= high)
    assert second["coverage"] == wilson(int(inside.sum()), 400)
    assert second["below"]["value"] + second["above"]["value"] == pytest.approx(1 - inside.mean())
    assert second["width"]["value"] == pytest.approx(2 * norm.ppf(0.95))
    assert first["holds"]
    assert second["holds"]


def test_the_interval_score_is_the_pinball_loss_of_both_bounds():
    y, low, high, level = answered(300, 0.8)
    (found,) = interval_coverage(y, low, high, level)
    pinball = mean_pinball_loss(y, low, alpha=0.1) + mean_pinball_loss(y, high, alpha=0.9)
    assert found["interval_score"]["value"] * (1 - 0.8) / 2 == pytest.approx(pinball)


def test_intervals_that_are_too_narrow_do_not_hold_and_wide_ones_do():
    (narrow,) = interval_coverage(*answered(500, 0.9, spread=2.0))
    (wide,) = interval_coverage(*answered(500, 0.9, spread=0.3))
    assert not narrow["holds"]
    assert wide["holds"]
    assert wide["coverage"]["low"] > 0.9


def test_scores_without_an_interval_take_no_part():
    y, low, high, level = answered(50, 0.9)
    low[:10] = np.nan
    (found,) = interval_coverage(y, low, high, level)
    assert found["n"] == 40
    assert interval_coverage(y, np.full(50, np.nan), high, level) == []


def test_sets_of_classes_are_counted_by_level():
    level = np.array([0.9, 0.9, 0.9, 0.9, np.nan])
    covered = np.array([True, True, False, True, False])
    (found,) = set_coverage(covered, np.array([1, 2, 1, 0, 1]), level)
    assert found["coverage"] == wilson(3, 4)
    assert found["mean_size"]["value"] == 1.0
    assert found["refer"]["value"] == 0.5
    assert found["holds"]
