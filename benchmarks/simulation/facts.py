"""How often a planted fact is found, and how often something is found where nothing is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

RUNS = 200
POWER = 0.8
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that can be planted in a world.

    Parameters
    ----------
    quiet, planted : callable
        Take a seed, draw a world without and with the fact, and return whether it was found.
    """

    name: str
    quiet: Callable[[int], bool]
    planted: Callable[[int], bool]

    def measure(self, runs: int = RUNS) -> dict[str, int]:
        """Return how often it was found in worlds without it and in worlds with it."""
        seeds = range(1, runs + 1)
        return {
            "runs": runs,
            "alarms": sum(self.quiet(seed) for seed in seeds),
            "found": sum(self.planted(seed) for seed in seeds),
        }


def most_alarms(runs: int = RUNS, level: float = LEVEL) -> int:
    """Return how many alarms a test of this level may give in so many quiet worlds.

    The rate plus two and a half standard deviations, rounded up: 18 of 200 at 5 %.
    """
    return int(np.ceil(runs * level + 2.5 * np.sqrt(runs * level * (1 - level))))


def least_found(runs: int = RUNS) -> int:
    """Return how often a planted fact must be found in so many worlds: four of five times."""
    return int(np.ceil(runs * POWER))
