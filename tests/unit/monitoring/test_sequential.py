"""The sequential test keeps its error rates however often one looks; sizes in full: make proof."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from crispml_core.monitoring.sequential import sequential_test, split_gains

SEEDS, ROWS = 200, 4000
RATES = {"alpha": 0.05, "beta": 0.1}


def costs(gain, rate=0.1):
    """Both versions decide alike but on a share of the records; one unit is gained or lost."""

    def make(random):
        differs = random.random(ROWS) < rate
        wins = random.random(ROWS) < 0.5 + gain / rate / 2
        return np.where(differs, np.where(wins, 1.0, -1.0), 0.0)

    return make, 1.0, 0.02


def squares(noise):
    """Brier losses of two probabilities of the same events, the second with less noise."""

    def make(random):
        p = random.beta(2, 2, ROWS)
        happened = random.random(ROWS) < p
        champion = np.clip(p + random.normal(0, 0.15, ROWS), 0, 1)
        challenger = np.clip(p + random.normal(0, 0.15 - noise, ROWS), 0, 1)
        return (champion - happened) ** 2 - (challenger - happened) ** 2

    return make, 1.0, 0.01


def splits(gap, share):
    """Each record is answered by one of two versions, whose mistakes cost 1."""

    def make(random):
        challenged = random.random(ROWS) < share
        losses = (random.random(ROWS) < np.where(challenged, 0.3 - gap, 0.3)).astype(float)
        return split_gains(losses, challenged, np.full(ROWS, share), 1.0)[0]

    return make, 1.0 + 1.0 / share, 0.06


def decisions(make, bound, effect):
    found = [
        sequential_test(
            make(np.random.default_rng(seed)),
            bound=bound,
            min_effect=effect,
            min_labels=50,
            **RATES,
        ).decision
        for seed in range(SEEDS)
    ]
    return {name: found.count(name) for name in ("promote", "keep", "wait")}


# What a rate of 5 % (10 %) may look like in so many seeds, once in ten thousand runs.
MOST_FALSE = stats.binom.ppf(1 - 1e-4, SEEDS, RATES["alpha"])
MOST_MISSED = stats.binom.ppf(1 - 1e-4, SEEDS, RATES["beta"])


WORLDS = ("costs", "squares", "splits")


@pytest.mark.parametrize("world", [costs(0.0), squares(0.0), splits(0.0, 0.3)], ids=WORLDS)
def test_an_equal_challenger_is_rarely_promoted_though_every_record_is_looked_at(world):
    found = decisions(*world)

    assert found["promote"] <= MOST_FALSE
    assert found["keep"] > SEEDS / 2


@pytest.mark.parametrize("world", [costs(0.02), squares(0.1), splits(0.06, 0.3)], ids=WORLDS)
def test_a_challenger_that_is_better_by_the_effect_is_promoted(world):
    found = decisions(*world)

    assert found["promote"] >= 0.8 * SEEDS
    assert found["keep"] <= MOST_MISSED


def test_a_worse_challenger_is_given_up_sooner_than_an_equal_one():
    def labels(gain):
        make, bound, effect = costs(gain)
        results = [
            sequential_test(make(np.random.default_rng(s)), bound=bound, min_effect=effect, **RATES)
            for s in range(30)
        ]
        return np.median([result.decided_at or ROWS for result in results])

    assert labels(-0.03) < labels(0.0)


def test_the_confidence_sequence_covers_the_gain_at_all_times_at_once():
    missed = 0
    for seed in range(60):
        gains = np.random.default_rng(seed).choice([-1.0, 0.0, 1.0], 1500, p=[0.04, 0.9, 0.06])
        looks = [
            sequential_test(gains[:n], bound=1.0, min_effect=0.02, alpha=0.05, beta=0.05)
            for n in range(50, 1500, 50)
        ]
        missed += any(not look.low <= 0.02 <= look.high for look in looks)

    assert missed <= stats.binom.ppf(1 - 1e-4, 60, 0.1)


@given(
    st.lists(st.floats(-2.0, 2.0), min_size=1, max_size=60),
    st.floats(0.01, 2.0),
    st.sampled_from([0.01, 0.05, 0.2]),
)
def test_the_bounds_say_what_the_capital_says(gains, effect, alpha):
    result = sequential_test(np.array(gains), bound=2.0, min_effect=effect, alpha=alpha, beta=alpha)

    assert result.low <= result.high
    assert np.isfinite([result.evidence, result.counter_evidence]).all()
    if result.evidence > 1.0 + 1e-9:
        assert result.low >= 0.0
    if result.low > 1e-9:
        assert result.evidence >= 1.0
    if result.counter_evidence > 1.0 + 1e-9:
        assert result.high <= effect


@given(st.lists(st.floats(-1.0, 1.0), min_size=2, max_size=40), st.integers(1, 39))
def test_what_was_decided_stays_decided_whatever_comes(gains, cut):
    kwargs = {"bound": 1.0, "min_effect": 0.5, "alpha": 0.4, "beta": 0.4}
    before = sequential_test(np.array(gains[:cut]), **kwargs)
    after = sequential_test(np.array(gains), **kwargs)

    if before.decision != "wait":
        assert (after.decision, after.decided_at) == (before.decision, before.decided_at)


def test_the_capital_is_what_a_gambler_has_after_the_bets():
    gains, bound, effect = [1.0, -1.0, 1.0, 1.0, 0.0, 1.0], 1.0, 0.5
    capital, seen = 1.0, []
    for gain in gains:
        mean = np.mean(seen) if seen else 0.0
        variance = (bound**2 + sum((one - mean) ** 2 for one in seen)) / (len(seen) + 1)
        stake = min(effect / (variance + effect**2), 0.5 / (bound + effect))
        capital *= 1 + stake * gain
        seen.append(gain)

    result = sequential_test(np.array(gains), bound=bound, min_effect=effect, **RATES)

    assert result.evidence == pytest.approx(log(capital) / log(1 / 0.05))


def test_nothing_is_decided_on_too_few_labels_or_on_none():
    kwargs = {"bound": 1.0, "min_effect": 0.5, **RATES}
    gains = np.ones(50)

    at_once = sequential_test(gains, **kwargs)
    assert (at_once.decision, at_once.decided_at < 40) == ("promote", True)
    assert sequential_test(gains, min_labels=40, **kwargs).decided_at == 40
    assert sequential_test(gains, min_labels=51, **kwargs).decision == "wait"
    empty = sequential_test(np.array([]), **kwargs)
    assert (empty.decision, empty.n, empty.gain, empty.low, empty.high) == ("wait", 0, None, -1, 1)


def test_what_a_split_says_is_the_gain_on_average():
    random = np.random.default_rng(0)
    share = random.choice([0.1, 0.4], 200_000)
    challenged = random.random(200_000) < share
    losses = random.random(200_000) * np.where(challenged, 0.5, 1.0)

    gains, bound = split_gains(losses, challenged, share, 1.0)

    assert gains.mean() == pytest.approx(0.25, abs=5 * gains.std() / 200_000**0.5)
    assert np.abs(gains).max() <= bound == 11.0


@pytest.mark.parametrize(
    ("gains", "effect"), [([2.0], 0.1), ([float("nan")], 0.1), ([0.0], 0.0), ([0.0], 1.5)]
)
def test_what_is_beyond_the_bound_is_refused(gains, effect):
    with pytest.raises(ValueError, match="bound"):
        sequential_test(np.array(gains), bound=1.0, min_effect=effect, **RATES)
