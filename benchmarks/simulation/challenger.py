"""A challenger that is better by a known margin, looked at after every label."""

from __future__ import annotations

import numpy as np

from benchmarks.simulation.facts import Fact
from benchmarks.simulation.world import BASE, WEIGHTS, month, sigmoid
from crispml_core.domain.challenge import Challenge
from crispml_core.domain.targets import CostMatrix, Target
from crispml_core.monitoring.losses import largest_loss, record_losses
from crispml_core.monitoring.sequential import PROMOTE, sequential_test

ROWS = 6_000
NOISE = 1.0
TARGET = Target("event", "binary", values=("no", "yes"), positive="yes")
COSTS = CostMatrix(false_positive=1.0, false_negative=1.0)
CHALLENGE = Challenge(metric="brier", min_effect=0.02)


def promotes(seed: int, *, noise_of_champion: float, noise_of_challenger: float) -> bool:
    """Return whether the test promotes at any of its looks, one after each label."""
    cases = month(seed, ROWS)
    chance = np.random.default_rng([seed, 4])
    said = BASE + cases.x @ WEIGHTS
    losses = [
        record_losses(
            CHALLENGE,
            TARGET,
            COSTS,
            y=cases.y,
            prediction=sigmoid(said + noise * chance.normal(size=ROWS)),
            decision=None,
        )
        for noise in (noise_of_champion, noise_of_challenger)
    ]
    assert CHALLENGE.min_effect is not None
    result = sequential_test(
        losses[0] - losses[1],
        bound=largest_loss(CHALLENGE, TARGET, COSTS),
        min_effect=CHALLENGE.min_effect,
        alpha=CHALLENGE.alpha,
        beta=CHALLENGE.beta,
        min_labels=CHALLENGE.min_labels,
    )
    return result.decision == PROMOTE


FACTS = (
    Fact(
        "better_challenger",
        quiet=lambda seed: promotes(seed, noise_of_champion=NOISE, noise_of_challenger=NOISE),
        planted=lambda seed: promotes(seed, noise_of_champion=NOISE, noise_of_challenger=0.0),
    ),
)
