"""From turns to service times: processor time by least squares, waiting and stalls by search."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

import numpy as np

from benchmarks.scale.loads import Turn
from crispml_core.capacity.group_queue import GroupQueue
from crispml_core.capacity.service_times import Line, ServiceTimes, fit

# What may take the time of a process in between: how long each time, and its share of the time.
_STALL_MS = (0.0, *np.geomspace(1, 40, 12).tolist())
_STALL_SHARES = (0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06)
# The tail is what stalls make; the middle follows from the groups.
_QUANTILES = (0.9, 0.95, 0.99)


def cpu_line(turns: Iterable[Turn]) -> Line:
    """Return the processor time of a request by the size of its group."""
    found = list(turns)
    return fit([turn.size for turn in found], [turn.cpu_us for turn in found])


def database_line(turns: Iterable[Turn]) -> Line:
    """Return the same of the database server; nothing where there is none."""
    found = list(turns)
    if not any(turn.database_cpu_s for turn in found):
        return Line(each=0.0, group=0.0)
    return fit([turn.size for turn in found], [turn.database_cpu_us for turn in found])


def group_wait_us(turns: Iterable[Turn]) -> float:
    """Return what a group waits for, from turns that left the process nothing else to do."""
    return statistics.median(turn.wait_us for turn in turns)


def with_stalls(times: ServiceTimes, by_rate: Mapping[float, Sequence[np.ndarray]]) -> ServiceTimes:
    """Return the times with the stalls that explain the slowest requests best.

    Parameters
    ----------
    by_rate : dict of sequence of numpy.ndarray
        Latencies in milliseconds of each round of open loops, by the rate that was reached.
    """
    slowest = {rate: usual(rounds, _QUANTILES) / 1e3 for rate, rounds in by_rate.items()}

    def distance(tried: ServiceTimes) -> float:
        return sum(
            float(np.square(np.log(_predicted(tried, rate, _QUANTILES) / measured)).sum())
            for rate, measured in slowest.items()
        )

    candidates = [times]
    for milliseconds, share in product(_STALL_MS[1:], _STALL_SHARES):
        candidates.append(times.with_stalls(share / milliseconds * 1e3, milliseconds / 1e3))
    return min(candidates, key=distance)


def _predicted(times: ServiceTimes, rate: float, shares: Sequence[float]) -> np.ndarray:
    queue = GroupQueue(times, rate)
    return np.array([queue.quantile_s(share) for share in shares])


def by_round(turns: Sequence[Turn]) -> tuple[float, list[np.ndarray]]:
    """Return the mean rate of open loops, and the latencies of each."""
    return statistics.fmean(turn.rate for turn in turns), [turn.latencies_ms for turn in turns]


def usual(rounds: Sequence[np.ndarray], shares: Sequence[float]) -> np.ndarray:
    """Return quantiles of a usual round: one in which a disk or an autovacuum stalls is not."""
    quantiles = [np.quantile(latencies, shares) for latencies in rounds]
    return np.asarray(np.median(quantiles, axis=0))
