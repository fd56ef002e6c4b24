import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.targets import CostMatrix
from crispml_core.monitoring.thresholds import best_threshold

EQUAL = CostMatrix(1.0, 1.0)
PROBABILITY = st.one_of(
    st.floats(0.0, 1.0),
    st.sampled_from([0.0, 0.5, math.nextafter(0.5, 1), math.nextafter(1, 0), 1.0]),
)
RECORDS = st.lists(st.tuples(st.integers(0, 1), PROBABILITY), min_size=1, max_size=40)
COSTS = st.tuples(st.floats(-2, 2), st.floats(-2, 2), st.floats(0.1, 10), st.floats(0.1, 10)).map(
    lambda c: CostMatrix(c[1] + c[2], c[0] + c[3], c[0], c[1])
)


def cost(y, p, threshold, costs):
    table = [
        [costs.true_negative, costs.false_positive],
        [costs.false_negative, costs.true_positive],
    ]
    return sum(table[truth][int(q >= threshold)] for truth, q in zip(y, p, strict=True))


@given(RECORDS, COSTS)
def test_no_other_cut_costs_less(rows, costs):
    y, p = map(np.array, zip(*rows, strict=True))
    found = cost(y, p, best_threshold(y, p, costs), costs)
    least = min(cost(y, p, cut, costs) for cut in [*p, 2.0])
    assert found == pytest.approx(least, abs=1e-9)


@given(RECORDS, COSTS)
def test_it_is_a_plain_float_that_the_order_of_rows_does_not_move(rows, costs):
    y, p = map(np.array, zip(*rows, strict=True))
    found = best_threshold(y, p, costs)
    assert type(found) is float
    assert found == best_threshold(y[::-1], p[::-1], costs)


def test_a_costly_miss_lowers_the_threshold():
    y, p = np.array([0, 1, 0, 1]), np.array([0.1, 0.3, 0.6, 0.9])
    assert best_threshold(y, p, CostMatrix(1.0, 5.0)) == pytest.approx(0.2)
    assert best_threshold(y, p, CostMatrix(5.0, 1.0)) == pytest.approx(0.75)


def test_of_equal_costs_the_one_nearest_to_one_half_wins():
    # A cut at 0.275 and one at 0.775 make one mistake each.
    y, p = np.array([1, 0, 1, 0]), np.array([0.9, 0.65, 0.45, 0.1])
    assert best_threshold(y, p, EQUAL) == pytest.approx(0.275)


def test_of_equal_costs_at_equal_distance_the_lower_one_wins():
    y, p = np.array([0, 1, 0, 1]), np.array([0.125, 0.375, 0.625, 0.875])
    assert best_threshold(y, p, EQUAL) == 0.25


def test_it_lies_between_probabilities_so_that_a_rounding_error_decides_nothing():
    y, p = np.array([0, 1]), np.array([0.2, 0.4])
    assert best_threshold(y, p, EQUAL) == pytest.approx(0.3)


def test_nobody_is_positive_when_that_is_cheapest_even_at_probability_one():
    y, p = np.zeros(3, dtype=int), np.array([0.5, 0.9, 1.0])
    assert not (p >= best_threshold(y, p, EQUAL)).any()


def test_no_records_leave_the_middle():
    assert best_threshold(np.empty(0), np.empty(0), EQUAL) == 0.5
