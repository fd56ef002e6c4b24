"""What is planted in a world of known truth is found, and where nothing is, little is found."""

import pytest

from benchmarks.simulation.facts import least_found, most_alarms
from benchmarks.simulation.suite import FACTS

RUNS = 60  # 200 in `make proof`


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_a_planted_fact_is_found_and_a_quiet_world_is_left_alone(fact):
    measured = fact.measure(RUNS)
    assert measured["alarms"] <= most_alarms(RUNS)
    assert measured["found"] >= least_found(RUNS)


def test_the_bounds_of_the_full_size_are_those_that_were_agreed():
    assert (most_alarms(200), least_found(200)) == (18, 160)
