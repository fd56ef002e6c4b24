"""A world whose truth is known: what is planted in it is what a report has to find.

A month of records has four numbers, a group that no model sees, the probability of the event that
its truth is drawn with, and what a model said. In the world as it was the model is calibrated and
treats groups alike; each planted fact changes one thing and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

WEIGHTS = np.array([1.2, -0.8, 0.5, 0.0])
BASE = -0.9
THRESHOLD = 0.4


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities of log-odds."""
    return 1 / (1 + np.exp(-logits))


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """What is not as it was.

    Parameters
    ----------
    shift : float
        By how many standard deviations the first number moved.
    relation : float
        How much of the weight of the first number the truth lost; the model does not know.
    bias : float
        By how much the model's log-odds are lower for group ``b`` than the truth says.
    noise : float
        Standard deviation of what the model's log-odds have besides the truth.
    """

    shift: float = 0.0
    relation: float = 0.0
    bias: float = 0.0
    noise: float = 0.0


@dataclass(frozen=True, slots=True)
class Cases:
    """The records of a month.

    Parameters
    ----------
    x : ndarray of shape (n, 4)
        What the model sees.
    group : ndarray of shape (n,)
        ``a`` or ``b``.
    truth : ndarray of shape (n,)
        The probability of the event.
    p : ndarray of shape (n,)
        What the model said.
    y : ndarray of shape (n,)
        What happened, 0 or 1.
    """

    x: np.ndarray
    group: np.ndarray
    truth: np.ndarray
    p: np.ndarray
    y: np.ndarray

    @property
    def decision(self) -> np.ndarray:
        """What the model decided: 1 where the event is likely enough."""
        return (self.p >= THRESHOLD).astype(np.int64)

    def take(self, rows: np.ndarray) -> Cases:
        """Return some of the records."""
        return replace(
            self,
            x=self.x[rows],
            group=self.group[rows],
            truth=self.truth[rows],
            p=self.p[rows],
            y=self.y[rows],
        )


def month(seed: int, n: int, planted: Planted | None = None) -> Cases:
    """Draw the records of a month."""
    facts = planted or Planted()
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(n, 4))
    x[:, 0] += facts.shift
    group = np.where(chance.random(n) < 0.35, "b", "a")
    said = BASE + x @ WEIGHTS
    happens = said - facts.relation * WEIGHTS[0] * x[:, 0]
    said = said - facts.bias * (group == "b") + facts.noise * chance.normal(size=n)
    truth = sigmoid(happens)
    y = (chance.random(n) < truth).astype(np.int64)
    return Cases(x, group, truth, sigmoid(said), y)


def accepted(cases: Cases) -> np.ndarray:
    """Return who gets a label when only accepted cases do: those that the model did not refuse."""
    return cases.decision == 0


def explored(cases: Cases, seed: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return who gets a label when some of the refused are accepted by lot, and the odds."""
    chance = np.random.default_rng([seed, 1])
    propensity = np.where(cases.decision == 0, 1.0, share)
    return chance.random(len(cases.y)) < propensity, propensity


def labelled_by(cases: Cases, seed: int, days: float) -> np.ndarray:
    """Return who has a label some days after the score.

    An event shows after 20 days in the mean; that there was none is known after 90.
    """
    chance = np.random.default_rng([seed, 2])
    delay = np.where(cases.y == 1, chance.exponential(20.0, len(cases.y)), 90.0)
    return delay <= days
