"""What happened in each second of a load: the curve behind its figures."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import msgspec

from loadtest.histogram import Histogram
from loadtest.outcomes import Outcome

COLUMNS = ("second", "due", "sent", "answered", "failed", "p50_ms", "p99_ms")


class SecondFigures(msgspec.Struct):
    """The planned requests of one second.

    Parameters
    ----------
    due, sent : int
        Those whose moment it was, and those that were sent, whatever became of them later.
    answered, failed : int
        Those that ended in it, as they must and otherwise.
    latency : Histogram
        Times of those that ended in it, from the moment they were due.
    """

    due: int = 0
    sent: int = 0
    answered: int = 0
    failed: int = 0
    latency: Histogram = msgspec.field(default_factory=Histogram)

    def merge(self, other: SecondFigures) -> None:
        """Add what another process counted."""
        self.due += other.due
        self.sent += other.sent
        self.answered += other.answered
        self.failed += other.failed
        self.latency.merge(other.latency)


Seconds = dict[int, SecondFigures]
"""By the number of the second since the load began, its warm-up included."""


def place(
    seconds: Seconds, outcome: Outcome, *, due: float, sent: float | None, done: float
) -> None:
    """Count one request in the seconds of its moments, which count from the begin of the load."""
    _at(seconds, due).due += 1
    if sent is None:
        return
    _at(seconds, sent).sent += 1
    ended = _at(seconds, done)
    if outcome.is_good:
        ended.answered += 1
    else:
        ended.failed += 1
    ended.latency.add((done - due) * 1000)


def merge(seconds: Seconds, others: Mapping[int, SecondFigures]) -> None:
    """Add what another process counted."""
    for number, figures in others.items():
        _at(seconds, number).merge(figures)


def write(seconds: Mapping[int, SecondFigures], file: Path) -> None:
    """Write a line for each second, also for those in which nothing happened."""
    with file.open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target)
        writer.writerow(COLUMNS)
        for number in range(max(seconds, default=-1) + 1):
            one = seconds.get(number, SecondFigures())
            times = (one.latency.percentile(share) for share in (0.5, 0.99))
            shown = ("" if time is None else f"{time:.3f}" for time in times)
            writer.writerow([number, one.due, one.sent, one.answered, one.failed, *shown])


def _at(seconds: Seconds, moment: float) -> SecondFigures:
    return seconds.setdefault(int(moment), SecondFigures())
