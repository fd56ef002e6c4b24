"""Service times are read from loads with groups of different sizes."""

from __future__ import annotations

import pytest

from crispml_core.capacity.service_times import ServiceTimes, fit
from crispml_core.domain.errors import InvalidInput


def test_a_line_through_costs_is_found_again():
    line = fit([2, 8, 30], [40 + 600 / size for size in (2, 8, 30)])

    assert line.each == pytest.approx(40)
    assert line.group == pytest.approx(600)
    assert line.at(60) == pytest.approx(50)


def test_noise_of_small_groups_counts_no_more_than_that_of_large_ones():
    costs = [(40 + 600 / 1) * 1.2, 40 + 600 / 8, 40 + 600 / 60]
    assert fit([1, 8, 60], costs).at(30) == pytest.approx(60, rel=0.1)


@pytest.mark.parametrize(
    ("sizes", "costs", "said"),
    [
        ([4, 4], [100, 101], "different groups"),
        ([4], [100], "different groups"),
        ([2, 8], [100, 0], "different groups"),
        ([2, 8], [100, 120], "not cheaper"),
    ],
)
def test_loads_that_say_nothing_about_groups_are_refused(sizes, costs, said):
    with pytest.raises(InvalidInput, match=said):
        fit(sizes, costs)


@pytest.mark.parametrize(
    "times",
    [
        {"request_s": 0, "group_s": 1},
        {"request_s": 1, "group_s": -1},
        {"request_s": 1, "group_s": 1, "stalls_per_s": 2, "stall_s": 0.5},
        {"request_s": float("nan"), "group_s": 1},
    ],
)
def test_times_that_cannot_be_are_refused(times):
    with pytest.raises(InvalidInput, match="service times"):
        ServiceTimes(**times)


def test_clients_that_ask_again_at_once_share_two_groups():
    """With 64 connections: all are answered once while two groups of 32 are worked on."""
    times = ServiceTimes(request_s=50e-6, group_s=1e-3)
    assert times.closed_loop(64) == pytest.approx(64 / (2 * (1e-3 + 32 * 50e-6)))
    assert times.closed_loop(1) == pytest.approx(1 / (1e-3 + 50e-6))
    assert times.closed_loop(10**6) == pytest.approx(times.limit, rel=0.001)
