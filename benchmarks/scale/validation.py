"""One database: measured at low and middle loads, predicted at others, and measured there too."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.scale.fitting import (
    by_round,
    cpu_line,
    database_line,
    group_wait_us,
    usual,
    with_stalls,
)
from benchmarks.scale.growth import bytes_line, memory
from benchmarks.scale.loads import MOST_OTHERS, Loader, Turn
from crispml_core.capacity.group_queue import GroupQueue
from crispml_core.capacity.measured import Figures
from crispml_core.capacity.service_times import ServiceTimes

# Connections at which it is measured, and those for which it is predicted.
CALIBRATED, PREDICTED = (4, 16), 64
# Shares of the predicted rate of an open loop.
LOW, MIDDLE, HIGH = 0.1, 0.2, 0.4
BOUNDS = (0.8, 1.25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What was predicted and measured at a load that nothing was fitted to."""

    predicted: float
    measured: float
    others: float

    @property
    def ratio(self) -> float:
        """Predicted to measured."""
        return self.predicted / self.measured

    def told(self) -> dict[str, Any]:
        """Return it for a document."""
        return {
            "predicted": round(self.predicted, 2),
            "measured": round(self.measured, 2),
            "ratio": round(self.ratio, 3),
            "others": round(self.others, 3),
            "quiet": self.others <= MOST_OTHERS,
        }


def measure(loader: Loader, rounds: int) -> tuple[Figures, dict[str, Validation]]:
    """Measure a service and hold the model against it."""
    idle_mib, connection_kib = memory(loader.running)
    closed: dict[int, list[Turn]] = {number: [] for number in (*CALIBRATED, PREDICTED)}
    for _ in range(rounds):
        for number, turns in closed.items():
            turns.append(loader.closed(number))
    low = [turn for number in CALIBRATED for turn in closed[number]]
    cpu, database = cpu_line(low), database_line(low)
    wait = group_wait_us(closed[CALIBRATED[-1]])
    times = ServiceTimes(request_s=cpu.each / 1e6, group_s=(cpu.group + wait) / 1e6)
    expected = times.closed_loop(PREDICTED)
    opened: dict[float, list[Turn]] = {share: [] for share in (LOW, MIDDLE, HIGH)}
    for _ in range(rounds):
        for share, turns in opened.items():
            turns.append(loader.open(share * expected))
    times = with_stalls(times, dict(by_round(opened[share]) for share in (LOW, MIDDLE)))
    grown = bytes_line(loader, (CALIBRATED[0], PREDICTED))
    figures = Figures(
        request_cpu_us=round(cpu.each, 2),
        group_cpu_us=round(cpu.group, 1),
        group_wait_us=round(wait, 1),
        stalls_per_s=round(times.stalls_per_s, 3),
        stall_ms=round(times.stall_s * 1e3, 2),
        database_request_cpu_us=round(database.each, 2),
        database_group_cpu_us=round(database.group, 1),
        request_bytes=round(grown.each, 1),
        group_bytes=round(grown.group, 1),
        idle_mib=round(idle_mib, 1),
        connection_kib=round(connection_kib, 1),
    )
    return figures, _validated(figures, closed[PREDICTED], opened[HIGH])


def _validated(
    figures: Figures, closed: Sequence[Turn], opened: Sequence[Turn]
) -> dict[str, Validation]:
    size = statistics.median(turn.size for turn in closed)
    rate, latencies_ms = by_round(opened)
    queue = GroupQueue(figures.times, rate)
    busiest, slowest = (max(turn.others for turn in turns) for turns in (closed, opened))
    return {
        "cpu_us": Validation(
            predicted=figures.cpu_us.at(size),
            measured=statistics.median(turn.cpu_us for turn in closed),
            others=busiest,
        ),
        "requests_per_s": Validation(
            predicted=figures.times.closed_loop(PREDICTED),
            measured=statistics.median(turn.rate for turn in closed),
            others=busiest,
        ),
        "p99_ms": Validation(
            predicted=queue.quantile_s(0.99) * 1e3,
            measured=float(usual(latencies_ms, [0.99])[0]),
            others=slowest,
        ),
        "group_size": Validation(
            predicted=queue.mean_group,
            measured=statistics.median(turn.size for turn in opened),
            others=slowest,
        ),
    }
