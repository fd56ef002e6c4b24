"""The queue of groups gives what a simulation of single requests gives, and keeps its order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.simulation.groups import serve
from crispml_core.capacity.group_queue import GroupQueue
from crispml_core.capacity.service_times import ServiceTimes
from crispml_core.domain.errors import InvalidInput

QUIET = ServiceTimes(request_s=45e-6, group_s=0.8e-3)
STALLED = QUIET.with_stalls(3.0, 0.01)
FLUSHES = ServiceTimes(request_s=20e-6, group_s=5e-3)
REQUESTS = 300_000


@pytest.mark.parametrize("rate", [200, 4_000, 15_000])
@pytest.mark.parametrize("times", [QUIET, STALLED, FLUSHES], ids=["quiet", "stalled", "flushes"])
def test_it_agrees_with_a_simulation_of_single_requests(times, rate):
    queue, served = GroupQueue(times, rate), serve(times, rate, REQUESTS, seed=1)

    assert queue.mean_group == pytest.approx(served.mean_group, rel=0.05)
    assert queue.mean_s == pytest.approx(served.mean_s, rel=0.05)
    for share in (0.5, 0.9, 0.99):
        assert queue.quantile_s(share) == pytest.approx(served.quantile_s(share), rel=0.15)


def test_a_lone_request_takes_a_group_of_one():
    assert GroupQueue(QUIET, 0.01).quantile_s(0.5) == pytest.approx(0.8e-3 + 45e-6, rel=1e-3)


def test_what_is_on_its_way_is_what_little_says():
    """Requests in the system are the rate times the time of one: here, per group, both known."""
    queue = GroupQueue(QUIET, 20_000)
    cycle = QUIET.group_s + QUIET.request_s * queue.mean_group
    assert queue.mean_group == pytest.approx(20_000 * cycle, rel=0.02)


@given(
    low=st.floats(0.01, 0.94),
    more=st.floats(0.01, 0.05),
    group_ms=st.floats(0.05, 10),
    stall_ms=st.floats(0, 20),
)
def test_more_load_means_larger_groups_and_longer_waits(low, more, group_ms, stall_ms):
    times = ServiceTimes(
        request_s=50e-6, group_s=group_ms / 1e3, stalls_per_s=1.0, stall_s=stall_ms / 1e3
    )
    less, full = (GroupQueue(times, share * times.limit) for share in (low, low + more))

    assert full.mean_group >= less.mean_group * 0.999
    assert full.quantile_s(0.99) >= less.quantile_s(0.99) * 0.97
    assert less.quantile_s(0.5) <= less.quantile_s(0.99)
    assert full.groups_per_s <= 1 / times.group_s


@pytest.mark.parametrize("rate", [0, -1, 1 / 45e-6, 1e9])
def test_a_rate_that_no_process_reaches_is_refused(rate):
    with pytest.raises(InvalidInput, match=r"fewer than 22,222/s"):
        GroupQueue(QUIET, rate)
