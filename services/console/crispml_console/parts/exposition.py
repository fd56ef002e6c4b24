"""Metrics of a service, read from the text that Prometheus reads."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from prometheus_client.parser import text_string_to_metric_families


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often something took how long.

    Parameters
    ----------
    bounds : tuple of float
        Upper bounds in seconds; the last is infinite.
    counts : tuple of float
        How many took at most so long, by bound.
    seconds : float
        How long all of them took.
    """

    bounds: tuple[float, ...] = ()
    counts: tuple[float, ...] = ()
    seconds: float = 0.0

    @property
    def count(self) -> float:
        """How many there were."""
        return self.counts[-1] if self.counts else 0.0

    @property
    def mean(self) -> float | None:
        """How long one took on average."""
        return self.seconds / self.count if self.count else None

    def quantile(self, share: float) -> float | None:
        """Return how long this share of them took at most, as Prometheus estimates it.

        Within a bucket they are taken as spread evenly; beyond the last finite bound that bound is
        all that is known.
        """
        rank = share * self.count
        if not rank:
            return None
        place = next(i for i, count in enumerate(self.counts) if count >= rank)
        low = self.bounds[place - 1] if place else 0.0
        high = self.bounds[place]
        if math.isinf(high):
            return low
        before = self.counts[place - 1] if place else 0.0
        return low + (high - low) * (rank - before) / (self.counts[place] - before)

    def since(self, before: Histogram) -> Histogram:
        """Return what was added since; all of it if the process began anew."""
        if before.bounds != self.bounds or before.count > self.count:
            return self
        counts = tuple(now - then for now, then in zip(self.counts, before.counts, strict=True))
        return Histogram(self.bounds, counts, self.seconds - before.seconds)


class Exposition:
    """The samples of one answer.

    Parameters
    ----------
    text : str
        What ``/metrics`` of a service answers.
    """

    def __init__(self, text: str) -> None:
        self._samples: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._samples[sample.name].append((sample.labels, sample.value))

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of the samples with these labels."""
        return sum(value for _, value in self._found(name, labels))

    def by(self, label: str, name: str, **labels: str) -> dict[str, float]:
        """Return the sums by the values of another label."""
        sums: dict[str, float] = defaultdict(float)
        for given, value in self._found(name, labels):
            sums[given.get(label, "")] += value
        return dict(sums)

    def histogram(self, name: str, **labels: str) -> Histogram:
        """Return the histograms with these labels, added."""
        counts: dict[float, float] = defaultdict(float)
        for given, value in self._found(f"{name}_bucket", labels):
            counts[float(given["le"])] += value
        bounds = tuple(sorted(counts))
        return Histogram(
            bounds, tuple(counts[bound] for bound in bounds), self.total(f"{name}_sum", **labels)
        )

    def _found(self, name: str, labels: dict[str, str]) -> Iterator[tuple[dict[str, str], float]]:
        for given, value in self._samples.get(name, ()):
            if labels.items() <= given.items():
                yield given, value


def rate(points: list[tuple[float, float]]) -> float | None:
    """Return by how much a counter grew a second, from moments in seconds with its values.

    A counter that fell began anew, from 0.
    """
    if len(points) < 2 or points[-1][0] <= points[0][0]:
        return None
    grown = sum(now - then if now >= then else now for (_, then), (_, now) in pairwise(points))
    return grown / (points[-1][0] - points[0][0])
