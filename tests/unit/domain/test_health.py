"""Verdicts in a row change the fitness of a version, and nothing flaps."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core import HealthPolicy, Monitoring
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.health import HealthVerdict, weigh

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
thresholds = st.integers(1, 4)


def fitness(verdicts, policy):
    """The fitness after each verdict."""
    before, found = None, []
    for number, healthy in enumerate(verdicts):
        streak, fit = weigh(before, healthy, policy)
        before = HealthVerdict(
            model="m",
            version="v",
            sequence=number,
            healthy=healthy,
            streak=streak,
            fit=fit,
            reason="r",
            judged_at=NOON,
        )
        found.append(fit)
    return found


@given(st.lists(st.booleans(), max_size=30), thresholds, thresholds)
def test_fitness_changes_only_after_enough_verdicts_in_a_row(verdicts, failures, successes):
    found = fitness(verdicts, HealthPolicy(failure_threshold=failures, success_threshold=successes))
    before = True
    for number, fit in enumerate(found):
        if fit is not before:
            needed = successes if fit else failures
            assert verdicts[number - needed + 1 : number + 1] == [fit] * needed
        before = fit


@given(st.lists(st.booleans(), max_size=10), st.booleans(), thresholds, thresholds)
def test_enough_verdicts_in_a_row_always_decide(verdicts, last, failures, successes):
    policy = HealthPolicy(failure_threshold=failures, success_threshold=successes)
    needed = successes if last else failures
    assert fitness([*verdicts, *[last] * needed], policy)[-1] is last


def test_alternating_verdicts_do_not_flap():
    found = fitness([False, True] * 10, HealthPolicy())
    assert found == [False] * 20


@pytest.mark.parametrize("name", ["failure_threshold", "success_threshold"])
@pytest.mark.parametrize("value", [0, 101])
def test_a_policy_that_could_never_decide_is_refused(name, value):
    with pytest.raises(InvalidInput, match=name):
        Monitoring(health=HealthPolicy(**{name: value}))
