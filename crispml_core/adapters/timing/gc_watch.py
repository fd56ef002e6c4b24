"""How often the garbage collector stops the process, and for how long."""

from __future__ import annotations

import gc
import time
from typing import Any

_GENERATIONS = 3


class GcWatch:
    """Counts collections by generation; costs some hundred nanoseconds per collection.

    Attributes
    ----------
    collections : int
        Of all generations.
    pause_s : float
        Seconds of all generations. No other thread runs Python meanwhile.
    """

    def __init__(self) -> None:
        self.collections, self.pause_s = 0, 0.0
        self._counts, self._seconds = [0] * _GENERATIONS, [0.0] * _GENERATIONS
        self._start = 0.0

    def by_generation(self) -> list[tuple[int, float]]:
        """Return number and seconds of the collections of each generation."""
        return list(zip(self._counts, self._seconds, strict=True))

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        """Take in the start or the stop of a collection; called by the collector."""
        if phase == "start":
            self._start = time.perf_counter()
            return
        seconds, generation = time.perf_counter() - self._start, info["generation"]
        self._counts[generation] += 1
        self._seconds[generation] += seconds
        self.collections += 1
        self.pause_s += seconds


_watch = GcWatch()


def watch_gc() -> GcWatch:
    """Return what counts the collections of this process, from the first call on."""
    if _watch not in gc.callbacks:
        gc.callbacks.append(_watch)
    return _watch
