"""Figures of a part of a curve: what was answered while nothing changed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.scaling.plan import Phase
from benchmarks.scaling.platform import Used
from loadtest.histogram import Histogram
from loadtest.seconds import SecondFigures

# A second that has less than all of itself in a phase is of none, and the first one is of a change.
_SETTLES_S = 1.0


@dataclass(frozen=True, slots=True)
class Passed:
    """A phase that is over; moments count in seconds from the begin of its load.

    Parameters
    ----------
    begun : float
        When its change began.
    ready : float
        When its change was done.
    ended : float
        When it ended.
    used : tuple of Used
        What was read when the change was done, and at the end.
    """

    phase: Phase
    begun: float
    ready: float
    ended: float
    used: tuple[Used, Used]


def figures_of(
    seconds: Mapping[int, SecondFigures], passed: Passed, cores: float
) -> dict[str, Any]:
    """Return what was answered while the replicas of a phase stood.

    Parameters
    ----------
    cores : float
        What one replica is given.
    """
    window = window_of(passed)
    inside = [seconds.get(number, SecondFigures()) for number in window]
    latency = Histogram()
    for one in inside:
        latency.merge(one.latency)
    changing = range(math.floor(passed.begun), window.start)
    rate = sum(one.answered for one in inside) / max(1, len(inside))
    given = cores * passed.phase.replicas
    busy = busy_cores(*passed.used)
    return {
        "phase": passed.phase.title,
        "replicas": passed.phase.replicas,
        "change_s": round(passed.ready - passed.begun, 1),
        "measured_s": len(window),
        "due_per_s": round(sum(one.due for one in inside) / max(1, len(inside)), 1),
        "rate": round(rate, 1),
        "rate_per_core": round(rate / given, 1),
        "p50_ms": _rounded(latency.percentile(0.5)),
        "p99_ms": _rounded(latency.percentile(0.99)),
        "p99_ms_of_change": _rounded(_merged(seconds, changing).percentile(0.99)),
        "failed": sum(
            seconds[number].failed for number in [*changing, *window] if number in seconds
        ),
        "busy_cores": {part: round(used, 3) for part, used in busy.items()},
        "busy_share": round(busy.get("scoring", math.nan) / given, 3),
    }


def window_of(passed: Passed) -> range:
    """Return the whole seconds of a phase in which nothing changed."""
    first = math.ceil(passed.ready + _SETTLES_S)
    return range(first, max(first, math.floor(passed.ended)))


def busy_cores(first: Used, last: Used) -> dict[str, float]:
    """Return how many cores each part kept busy between two readings."""
    took = max(1e-9, last.at - first.at)
    return {
        part: (seconds - first.seconds[part]) / took
        for part, seconds in last.seconds.items()
        if part in first.seconds
    }


def others_had(busy: Mapping[str, float], locust: float, cores: int) -> float | None:
    """Return the share of a machine that went to programs which are no part of the measurement.

    Parameters
    ----------
    busy : mapping of str to float
        Busy cores by the part.
    locust : float
        Cores that Locust kept busy.

    Returns
    -------
    float or None
        None where nobody looked at the machine.
    """
    if "machine" not in busy:
        return None
    ours = sum(used for part, used in busy.items() if part != "machine")
    return round(max(0.0, busy["machine"] - ours - locust) / cores, 3)


def efficiency(figures: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the rate at the most replicas over as many times the rate at one.

    Parameters
    ----------
    figures : sequence of mapping
        Of the phases of a load that asks for as much as it gets. The rate at one replica is the
        mean of all phases with one, before and after, so that a machine that slows down is no loss.
    """
    most = max(int(one["replicas"]) for one in figures)
    alone = [float(one["rate"]) for one in figures if one["replicas"] == 1]
    together = [float(one["rate"]) for one in figures if one["replicas"] == most]
    at_one, at_most = sum(alone) / len(alone), sum(together) / len(together)
    return {
        "most": most,
        "rate_at_one": round(at_one, 1),
        "rate_at_most": round(at_most, 1),
        "efficiency": round(at_most / (most * at_one), 3) if at_one else 0.0,
    }


def _merged(seconds: Mapping[int, SecondFigures], numbers: range) -> Histogram:
    made = Histogram()
    for number in numbers:
        if number in seconds:
            made.merge(seconds[number].latency)
    return made


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
