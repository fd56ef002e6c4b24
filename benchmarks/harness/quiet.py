"""Whether others took part of a core while something was measured on it.

A machine that is shared has slow seconds. What was measured in one says little about the server, so
a measurement may be repeated until it had its core for itself: others are counted without a look at
the figures.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.harness.places import CLIENT_CORE, SERVER_CORE

ALMOST_NOTHING = 0.05
_CORES = (SERVER_CORE, CLIENT_CORE)


@dataclass(slots=True)
class Others:
    """Counts the processor time that others take of both cores, from when it is made.

    Parameters
    ----------
    ours_s : callable
        Returns the processor time of all that is measured or measures, children that ended among
        it.
    """

    ours_s: Callable[[], float]
    _busy_s: float = field(init=False)
    _ours_s: float = field(init=False)
    _was: float = field(init=False)

    def __post_init__(self) -> None:
        self._was, self._busy_s, self._ours_s = _uptime_s(), _busy_s(), self.ours_s()

    def share(self) -> float:
        """Return the share of both cores that others have taken so far."""
        others = _busy_s() - self._busy_s - (self.ours_s() - self._ours_s)
        return max(0.0, others) / (len(_CORES) * max(1e-3, _uptime_s() - self._was))


def own_cpu_s() -> float:
    """Return the processor time of this process and of those of its children that ended."""
    times = psutil.Process().cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _busy_s() -> float:
    """Return for how long the cores worked for processes; interrupts are nobody's."""
    times = psutil.cpu_times(percpu=True)
    return sum(times[core].user + times[core].nice + times[core].system for core in _CORES)


def _uptime_s() -> float:
    return float(Path("/proc/uptime").read_text().split()[0])


def is_quiet(seconds: float) -> bool:
    """Look for a moment whether others work on one of the cores."""
    others = Others(own_cpu_s)
    time.sleep(seconds)
    return others.share() <= ALMOST_NOTHING
