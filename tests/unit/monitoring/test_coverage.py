import numpy as np
import pytest

from crispml_core.monitoring.coverage import coverage, label_lag

NOON = np.datetime64("2025-03-01T12:00:00", "us")


def times(*seconds):
    return NOON + np.array(seconds, dtype="timedelta64[s]")


def test_coverage_is_the_labelled_share():
    assert coverage(8, 2) == 0.25


def test_coverage_of_nothing_is_unknown():
    assert coverage(0, 0) is None


def test_lag_is_told_in_seconds():
    lag = label_lag(times(0, 0, 0), times(10, 20, 60))
    assert lag == {"median_s": 20.0, "p90_s": pytest.approx(52.0), "max_s": 60.0, "negative": 0}


def test_a_truth_older_than_its_score_counts_as_no_lag_and_is_counted():
    lag = label_lag(times(0, 100, 0), times(10, 40, 20))
    assert (lag["median_s"], lag["negative"]) == (10.0, 1)


def test_no_labels_have_no_lag():
    assert label_lag(times(), times()) == {
        "median_s": None,
        "p90_s": None,
        "max_s": None,
        "negative": 0,
    }
