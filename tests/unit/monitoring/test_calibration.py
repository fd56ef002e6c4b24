import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.monitoring.calibration import calibration_curve, expected_calibration_error


def test_bins_hold_about_as_many_records_each():
    rng = np.random.default_rng(0)
    p = rng.random(1_000)
    curve = calibration_curve((rng.random(1_000) < p).astype(int), p)
    assert [part["count"] for part in curve] == pytest.approx([100] * 10, abs=1)


def test_probabilities_that_mean_what_they_say_lie_near_the_diagonal():
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    honest = calibration_curve((rng.random(20_000) < p).astype(int), p)
    boasting = calibration_curve((rng.random(20_000) < p**2).astype(int), p)
    assert expected_calibration_error(honest) < 0.02
    assert expected_calibration_error(boasting) > 0.1


def test_the_expected_error_by_hand():
    y, p = np.array([0, 1, 1, 1]), np.array([0.2, 0.2, 0.9, 0.9])
    curve = calibration_curve(y, p, bins=2)
    assert [(part["predicted"], part["observed"]) for part in curve] == [(0.2, 0.5), (0.9, 1.0)]
    assert expected_calibration_error(curve) == pytest.approx(0.5 * 0.3 + 0.5 * 0.1)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4).map(lambda n: n / 4)), max_size=50))
def test_every_record_is_in_one_bin_and_equal_probabilities_stay_together(rows):
    y = np.array([label for label, _ in rows], dtype=int)
    p = np.array([value for _, value in rows], dtype=float)
    curve = calibration_curve(y, p)
    assert sum(part["count"] for part in curve) == len(rows)
    assert len(curve) <= len(set(p.tolist()))
    assert all(part["low"] <= part["observed"] <= part["high"] for part in curve)


def test_no_records_have_no_error():
    assert expected_calibration_error(calibration_curve(np.empty(0), np.empty(0))) is None
