"""Times of any length, in a few hundred counts that add up across processes.

Locust rounds times to a millisecond, and above 100 ms to ten; a score takes less than one.
"""

from __future__ import annotations

import math

import msgspec

# Neighbouring counts are 1 % apart, so a percentile is off by half of that at most.
_STEP = math.log(1.01)
_SMALLEST_MS = 0.001


class Histogram(msgspec.Struct):
    """How often which time was taken.

    Parameters
    ----------
    counts : dict of int to int
        By the logarithm of the time.
    """

    counts: dict[int, int] = {}
    total: int = 0
    sum_ms: float = 0.0
    max_ms: float = 0.0

    def add(self, milliseconds: float) -> None:
        """Count one time."""
        place = math.floor(math.log(max(milliseconds, _SMALLEST_MS)) / _STEP)
        self.counts[place] = self.counts.get(place, 0) + 1
        self.total += 1
        self.sum_ms += milliseconds
        self.max_ms = max(self.max_ms, milliseconds)

    def merge(self, other: Histogram) -> None:
        """Count all that another one has counted."""
        for place, count in other.counts.items():
            self.counts[place] = self.counts.get(place, 0) + count
        self.total += other.total
        self.sum_ms += other.sum_ms
        self.max_ms = max(self.max_ms, other.max_ms)

    def percentile(self, share: float) -> float | None:
        """Return the time that the share of all times does not exceed; None if there are none."""
        if not self.total:
            return None
        wanted = math.ceil(share * self.total)
        seen = 0
        for place in sorted(self.counts):
            seen += self.counts[place]
            if seen >= wanted:
                return min(math.exp((place + 0.5) * _STEP), self.max_ms)
        return self.max_ms
