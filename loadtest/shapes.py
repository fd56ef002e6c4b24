"""How the rate of a load goes over time."""

from __future__ import annotations

from collections.abc import Callable

from loadtest.config import LoadSettings

Shape = Callable[[float], float]
"""Takes the share of the time that is over, and returns the share of the full rate."""

_STAIRS = 5
_SPIKE = (0.4, 0.6)
_BASE = 0.25
# What a warm-up has at least of the rate, so that a ramp does not begin cold.
_WARM = 0.1


def ramp(done: float) -> float:
    """Rise steadily from nothing to the full rate."""
    return done


def steps(done: float) -> float:
    """Climb five stairs of the same height and length."""
    return (int(done * _STAIRS) + 1) / _STAIRS


def spike(done: float) -> float:
    """Hold a quarter of the rate, and all of it for a fifth of the time in the middle."""
    return 1.0 if _SPIKE[0] <= done < _SPIKE[1] else _BASE


def soak(done: float) -> float:
    """Hold the full rate all the time."""
    return 1.0


SHAPES: dict[str, Shape] = {"ramp": ramp, "steps": steps, "spike": spike, "soak": soak}


def rate_at(settings: LoadSettings, seconds: float) -> float | None:
    """Return how many records per second are due so long after the start; None at the end.

    The warm-up goes before the shape, at the rate that the shape begins with and at least at a
    tenth of the full one.
    """
    shape = SHAPES[settings.shape]
    since = seconds - settings.warm_up_s
    if since >= settings.seconds:
        return None
    share = max(shape(0.0), _WARM) if since < 0 else shape(since / settings.seconds)
    return settings.rate * share


def users_at(settings: LoadSettings, seconds: float, companions: int) -> int | None:
    """Return how many users that takes, with those that every load has besides; None at the end."""
    rate = rate_at(settings, seconds)
    if rate is None:
        return None
    return max(1, round(rate / settings.user_rate)) + companions
