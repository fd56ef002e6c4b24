"""Whether something grows: the slope of what was measured over time, with its confidence.

Values that are measured one soon after the other are alike, and a straight line through all of them
would be far too sure of itself. So the line goes through the means of blocks, which are further
apart than what a value remembers [1]_.

References
----------
.. [1] A. M. Law, Simulation Modeling and Analysis, 5th ed., 2015, section 9.5.3, on batch means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from crispml_core.domain.errors import InvalidInput

BLOCKS, FEWEST = 10, 40
_LEVEL, _HOUR_S = 0.95, 3600.0


@dataclass(frozen=True, slots=True)
class Slope:
    """How fast something grows, per hour.

    Parameters
    ----------
    low, high : float
        The interval that holds it with 95 % confidence.
    last : float
        The mean of the last block: how much there is of it.
    """

    per_hour: float
    low: float
    high: float
    last: float


def slope(seconds: Sequence[float], values: Sequence[float]) -> Slope:
    """Return how fast values grow.

    Parameters
    ----------
    seconds : sequence of float
        When each was measured, in order.

    Raises
    ------
    InvalidInput
        If there are fewer than `FEWEST` values.
    """
    if len(values) < FEWEST:
        raise InvalidInput(
            f"{len(values)} measurements are too few to say what grows: load for longer, or look "
            f"more often, until there are {FEWEST}"
        )
    parts = np.array_split(np.arange(len(values)), BLOCKS)
    hours = np.array([np.mean(np.asarray(seconds)[part]) for part in parts]) / _HOUR_S
    means = np.array([np.mean(np.asarray(values)[part]) for part in parts])
    line = stats.linregress(hours, means)
    reach = stats.t.ppf(0.5 + _LEVEL / 2, BLOCKS - 2) * float(np.nan_to_num(line.stderr))
    return Slope(
        per_hour=float(line.slope),
        low=float(line.slope - reach),
        high=float(line.slope + reach),
        last=float(means[-1]),
    )
