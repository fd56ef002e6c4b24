"""Tells metrics of several values at once, and of what somebody else counts."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter as Counts
from collections.abc import Mapping, Sequence

from prometheus_client import Counter, Histogram


def observe_many(histogram: Histogram, values: Sequence[float]) -> None:
    """Do what `Histogram.observe` does with one value, with several at once."""
    bounds, buckets = histogram._upper_bounds, histogram._buckets
    for place, number in Counts(bisect_left(bounds, value) for value in values).items():
        buckets[place].inc(number)
    histogram._sum.inc(sum(values))


class Totals:
    """Brings a counter to the totals that somebody else counts, whoever looks and how often.

    A service looks at itself every few seconds and whenever it is scraped, in two threads.

    Parameters
    ----------
    counter : Counter
        Has one label; its values are the names of the totals.
    """

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._told: dict[str, float] = {}
        self._lock = threading.Lock()  # two who look at once must not count the same twice

    def reach(self, totals: Mapping[str, float]) -> None:
        """Count what came since the totals that were told before, from 0 on."""
        with self._lock:
            for name, total in totals.items():
                told = self._told.get(name, 0.0)
                if name in self._told and total <= told:
                    continue  # nothing new, or read before what another thread has told
                self._counter.labels(name).inc(total - told)
                self._told[name] = total
