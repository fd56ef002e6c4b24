"""Error rates of the sequential test of a challenger, looked at after every label.

    python -m benchmarks.sequential_errors [--seeds 1000]

Three kinds of losses: costs of decisions in pairs, Brier losses in pairs, and mistakes in a split.
Each with an equal challenger, which must rarely be promoted, and with one that is better by the
declared effect, which must mostly be.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from crispml_core.monitoring.sequential import sequential_test, split_gains

ALPHA, BETA = 0.05, 0.1
ROWS = 6000
World: TypeAlias = "tuple[Callable[[np.random.Generator], np.ndarray], float, float]"


def costs(gain: float) -> World:
    """Two versions that decide differently on a tenth of the records; one unit each."""

    def make(random: np.random.Generator) -> np.ndarray:
        differs = random.random(ROWS) < 0.1
        wins = random.random(ROWS) < 0.5 + gain / 0.2
        return np.where(differs, np.where(wins, 1.0, -1.0), 0.0)

    return make, 1.0, 0.02


def squares(noise: float) -> World:
    """Brier losses of two estimates of the same probabilities, the second with less noise."""

    def make(random: np.random.Generator) -> np.ndarray:
        p = random.beta(2, 2, ROWS)
        happened = random.random(ROWS) < p
        champion = np.clip(p + random.normal(0, 0.15, ROWS), 0, 1)
        challenger = np.clip(p + random.normal(0, 0.15 - noise, ROWS), 0, 1)
        return np.asarray((champion - happened) ** 2 - (challenger - happened) ** 2)

    return make, 1.0, 0.01


def splits(gap: float) -> World:
    """Mistakes of two versions, of which the second answers three tenths of the records."""

    def make(random: np.random.Generator) -> np.ndarray:
        challenged = random.random(ROWS) < 0.3
        losses = (random.random(ROWS) < np.where(challenged, 0.3 - gap, 0.3)).astype(float)
        return split_gains(losses, challenged, np.full(ROWS, 0.3), 1.0)[0]

    return make, 1.0 + 1.0 / 0.3, 0.06


EQUAL = {"costs": costs(0.0), "squares": squares(0.0), "splits": splits(0.0)}
BETTER = {"costs": costs(0.02), "squares": squares(0.1), "splits": splits(0.06)}


def promoted(world: World, seeds: int) -> float:
    """Return the share of the seeds in which the challenger is promoted."""
    make, bound, effect = world
    found = [
        sequential_test(
            make(np.random.default_rng(seed)),
            bound=bound,
            min_effect=effect,
            alpha=ALPHA,
            beta=BETA,
            min_labels=50,
        ).decision
        for seed in range(seeds)
    ]
    return found.count("promote") / seeds


def main(arguments: Sequence[str] | None = None) -> dict[str, float]:
    """Simulate and return the shares that were promoted, and the worst of each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    seeds = parser.parse_args(arguments).seeds
    equal = {f"equal_{name}": promoted(world, seeds) for name, world in EQUAL.items()}
    better = {f"better_{name}": promoted(world, seeds) for name, world in BETTER.items()}
    result = {
        "seeds": seeds,
        **equal,
        **better,
        "most_false": max(equal.values()),
        "least_power": min(better.values()),
    }
    print(json.dumps(result))
    return result


if __name__ == "__main__":
    main()
