"""What grows is found, with honest confidence, and what only wavers is not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from crispml_core.domain.errors import InvalidInput
from loadtest.slopes import FEWEST, slope

SECONDS = np.arange(0, 600, 2.0)
LEAK = 30.0
"""MiB per hour: five of them in ten minutes."""


def wavering(seed: int, remembers: float = 0.9) -> np.ndarray:
    """Return memory that remembers what it was: values near each other are alike."""
    chance = np.random.default_rng(seed)
    values = np.zeros(len(SECONDS))
    for place in range(1, len(values)):
        values[place] = remembers * values[place - 1] + chance.normal(0, 0.2)
    return 200 + values


def test_a_leak_is_found_and_what_is_said_of_it_is_about_right() -> None:
    for seed in range(20):
        found = slope(SECONDS, wavering(seed) + LEAK * SECONDS / 3600)
        assert found.low > 0
        assert found.per_hour == pytest.approx(LEAK, abs=8)


def test_what_does_not_grow_is_seldom_said_to() -> None:
    """Five of a hundred intervals may miss the truth, and a few more when values remember so long.

    A line through all of them is wrong most of the time.
    """
    values = [wavering(seed) for seed in range(200)]
    ours = [slope(SECONDS, one) for one in values]
    lines = [stats.linregress(SECONDS, one) for one in values]
    assert sum(one.low > 0 or one.high < 0 for one in ours) <= 30
    assert sum(abs(one.slope) > 2 * one.stderr for one in lines) > 100


def test_a_constant_has_no_slope() -> None:
    found = slope(SECONDS, np.full(len(SECONDS), 7.0))
    assert (found.per_hour, found.low, found.high, found.last) == (0, 0, 0, 7)


def test_too_few_values_are_refused() -> None:
    with pytest.raises(InvalidInput, match=f"until there are {FEWEST}"):
        slope(SECONDS[: FEWEST - 1], SECONDS[: FEWEST - 1])
