"""Processor time and memory of programs and all that they start, also of what was killed."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import psutil

_EVERY_S = 0.1


@dataclass(slots=True)
class Usage:
    """What programs used while they were watched.

    Parameters
    ----------
    cpu_s : dict of int to float
        Processor time by process.
    peak_mib : dict of int to float
        The largest resident memory that was seen, by process.
    root : dict of int to int
        The watched process that a process is below.
    """

    cpu_s: dict[int, float] = field(default_factory=dict)
    root: dict[int, int] = field(default_factory=dict)
    peak_mib: dict[int, float] = field(default_factory=dict)

    @property
    def total_cpu_s(self) -> float:
        """Processor time of all of them."""
        return sum(self.cpu_s.values())

    def cpu_below(self, *roots: int) -> float:
        """Processor time of some of the watched processes, and of what is below them."""
        return sum(spent for pid, spent in self.cpu_s.items() if self.root[pid] in roots)


@contextlib.contextmanager
def watched(roots: Callable[[], Iterable[int]]) -> Iterator[Usage]:
    """Watch processes and all below them until the block ends.

    A process that ends counts with what it had used a moment before.

    Parameters
    ----------
    roots : callable
        Returns the processes; asked again each time, since some start later.
    """
    usage, ended = Usage(), threading.Event()
    before = {process.pid: _cpu_s(process) for _, process in _trees(roots())}

    def look() -> None:
        for root, process in _trees(roots()):
            with contextlib.suppress(psutil.NoSuchProcess):
                pid, spent = process.pid, _cpu_s(process)
                usage.root[pid] = root
                usage.cpu_s[pid] = max(usage.cpu_s.get(pid, 0.0), spent - before.get(pid, 0.0))
                memory = process.memory_info().rss / 2**20
                usage.peak_mib[pid] = max(usage.peak_mib.get(pid, 0.0), memory)

    def follow() -> None:
        while not ended.wait(_EVERY_S):
            look()

    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    try:
        yield usage
    finally:
        ended.set()
        follower.join()
        look()


def _trees(roots: Iterable[int]) -> Iterator[tuple[int, psutil.Process]]:
    for pid in roots:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            yield pid, process
            yield from ((pid, child) for child in process.children(recursive=True))


def _cpu_s(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        return float(sum(process.cpu_times()[:2]))
    return 0.0
