"""A slow server cannot hide: requests are due whatever it does, and count from then on."""

from __future__ import annotations

from random import Random

import pytest

from loadtest.histogram import Histogram
from loadtest.schedule import Schedule

RATE, USERS, SECONDS, SERVICE_S = 5.0, 20, 10.0, 0.002
PAUSE = (4.0, 5.0)


def answered_at(sent: float) -> float:
    """Return when a server answers that stands still once for a second."""
    return (PAUSE[1] if PAUSE[0] <= sent < PAUSE[1] else sent) + SERVICE_S


def open_loop(*, is_even: bool) -> tuple[Histogram, Histogram]:
    latency, service = Histogram(), Histogram()
    for user in range(USERS):
        schedule = Schedule(RATE, 0.0, Random(user), is_even=is_even)
        now = 0.0
        while schedule.due < SECONDS:
            due = schedule.due
            now += schedule.wait(now)
            schedule.advance()
            done = answered_at(now)
            latency.add((done - due) * 1000)
            service.add((done - now) * 1000)
            now = done
    return latency, service


def closed_loop() -> Histogram:
    service = Histogram()
    for _ in range(USERS):
        now = 0.0
        while now < SECONDS:
            done = answered_at(now)
            service.add((done - now) * 1000)
            now = done + 1 / RATE
    return service


@pytest.mark.parametrize("is_even", [True, False])
def test_a_pause_of_a_second_is_seen_by_all_who_were_due_in_it(is_even):
    latency, service = open_loop(is_even=is_even)
    planned = RATE * USERS * SECONDS
    # None is left out because others waited.
    assert abs(latency.total - planned) < 0.15 * planned
    # A tenth of the time: 100 of 1000 are due in it, and half of them wait half a second.
    assert 350 < latency.percentile(0.95) < 650
    assert latency.percentile(0.99) > 800
    # Each connection had only one request on its way.
    assert service.percentile(0.95) < 10


def test_a_client_that_waits_for_its_answers_does_not_see_it():
    """It has a fiftieth of its requests in the pause, so 97 of 100 look fine."""
    assert closed_loop().percentile(0.97) < 10


def test_what_had_no_turn_is_told_at_the_end():
    schedule = Schedule(10.0, 0.0, Random(1), is_even=True)
    overdue = list(schedule.overdue(2.0))
    assert len(overdue) in (20, 21)
    assert all(due <= 2.0 for due in overdue)
    assert schedule.due > 2.0
    assert list(schedule.overdue(2.0)) == []


def test_gaps_of_chance_have_the_mean_of_the_rate():
    schedule = Schedule(100.0, 0.0, Random(2))
    for _ in range(10_000):
        schedule.advance()
    assert schedule.due == pytest.approx(100.0, rel=0.05)
