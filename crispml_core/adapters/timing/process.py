"""Measures this process, at a cost that fits on the scoring path."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from threading import current_thread
from typing import Protocol

from crispml_core.adapters.timing.gc_watch import watch_gc
from crispml_core.domain.timings import ProcessFacts, Vitals

# The resident memory of a process does not change much in this time, and asking the kernel for it
# costs as much as the rest of a timing.
_KEPT_S = 0.1


class Pool(Protocol):
    """A pool of connections, as SQLAlchemy's `QueuePool` is one."""

    def checkedout(self) -> int:
        """Return how many connections are handed out."""
        ...

    def size(self) -> int:
        """Return how many connections are kept."""
        ...


class Process:
    """What this process is like.

    Parameters
    ----------
    pools : sequence of Pool
        The connections of the process to its database.
    """

    def __init__(self, pools: Sequence[Pool] = ()) -> None:
        self._pools, self._size = pools, sum(pool.size() for pool in pools)
        self._gc = watch_gc()
        self._resident: int | None = None
        self._asked_at = float("-inf")
        self.last = self.vitals()
        """What was measured last."""

    def vitals(self) -> Vitals:
        """Return what is told about each call; its memory is at most `_KEPT_S` old."""
        now = time.perf_counter()
        if now - self._asked_at > _KEPT_S:
            self._asked_at = now
            self._resident = resident_bytes()
        in_use = 0
        for pool in self._pools:
            in_use += pool.checkedout()
        self.last = Vitals(
            self._resident,
            self._gc.collections,
            self._gc.pause_s,
            in_use,
            self._size,
            current_thread().name,
        )
        return self.last

    def facts(self) -> ProcessFacts:
        """Return more, for who asks once in a while."""
        return ProcessFacts(
            resident_bytes=resident_bytes(),
            threads=_entries("/proc/self/task"),
            open_files=_entries("/proc/self/fd"),
            gc=self._gc.by_generation(),
        )


def resident_bytes(statm: str = "/proc/self/statm") -> int | None:
    """Return the resident memory of this process; None where neither the kernel tells nor psutil.

    psutil takes ten times as long, and loading it takes memory.
    """
    try:
        with open(statm, "rb", buffering=0) as file:
            return int(file.read(128).split()[1]) * _PAGE
    except OSError:
        pass
    try:
        import psutil
    except ImportError:
        return None
    return int(psutil.Process().memory_info().rss)


def _entries(folder: str) -> int | None:
    path = Path(folder)
    try:
        return sum(1 for _ in path.iterdir())
    except OSError:
        return None


_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
