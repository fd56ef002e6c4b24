"""From the outputs of a model to probabilities, one record at a time.

Plain Python: one record is answered without numpy, and rows and columns agree to the last bit,
which the vectorised exponential of numpy does not promise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

Outputs = Sequence[float]


def logistic(x: float) -> float:
    """Return ``1 / (1 + exp(-x))`` without overflow."""
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    small = math.exp(x)
    return small / (1.0 + small)


def logistics(outputs: np.ndarray) -> np.ndarray:
    """Return `logistic` of each output, to the last bit: the exponential is the one of ``math``."""
    import numpy as np

    exponents = (-np.abs(outputs)).tolist()
    small = np.fromiter(map(math.exp, exponents), np.float64, len(exponents))
    shares: np.ndarray = np.where(outputs >= 0.0, 1.0, small) / (1.0 + small)
    return shares


def softmax(outputs: Outputs) -> tuple[float, ...]:
    """Return the shares of the exponentials."""
    largest = max(outputs)
    parts = [math.exp(output - largest) for output in outputs]
    total = sum(parts)
    return tuple([part / total for part in parts])


def one_vs_rest(outputs: Outputs) -> tuple[float, ...]:
    """Return the shares of the logistics; equal ones when all vanish."""
    parts = [logistic(output) for output in outputs]
    total = sum(parts)
    if total == 0.0:
        return (1.0 / len(parts),) * len(parts)
    return tuple([part / total for part in parts])


def exponential(x: float) -> float:
    """Return ``exp(x)``, infinite where it is too large for a float64."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


SINGLE: dict[str, Callable[[float], float]] = {
    "identity": float,
    "logit": logistic,
    "log": exponential,
}
"""Links of one output."""

SEVERAL: dict[str, Callable[[Outputs], tuple[float, ...]]] = {
    "identity": tuple,
    "softmax": softmax,
    "one_vs_rest": one_vs_rest,
}
"""Links of one output per class."""
