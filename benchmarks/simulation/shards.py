"""One node of a ledger on many nodes, with the pods that write to it, group by group.

A pod answers requests in groups as the capacity model says, with the measured processor times. What
a group waits for is not taken from the measurement but comes from the node: commits share its
processors, its log is flushed by one flush at a time, which takes all commits that wait for it, and
a replica has to confirm. Requests come at random.

What a node is like is assumed, see `Node`.
"""

from __future__ import annotations

import heapq
import random
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from crispml_core.capacity.measured import Figures

Action: TypeAlias = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What is assumed of a database node; none of it was measured here.

    Parameters
    ----------
    cores : int
        For commits.
    flush_s : float
        How long the disk takes to make the log durable.
    log_bytes_per_s : float
        How fast the log is written.
    log_share : float
        Bytes of the log for a byte of the tables.
    way_s : float
        From a pod to the node and back.
    replica_s : float
        Until a replica has confirmed a commit; 0 without one.
    """

    cores: int = 8
    flush_s: float = 1e-3
    log_bytes_per_s: float = 250e6
    log_share: float = 2.5
    way_s: float = 0.5e-3
    replica_s: float = 1.5e-3


@dataclass(slots=True)
class Shard:
    """What a node and its pods did.

    Parameters
    ----------
    seconds : list of float
        How long each request took, the shortest first.
    groups, flushes : int
        How many commits there were, and how many flushes of the log they shared.
    cores_busy, log_busy, pods_busy : float
        Share of the time in which the processors of the node, its log, and its pods worked.
    """

    seconds: list[float] = field(default_factory=list)
    groups: int = 0
    flushes: int = 0
    cores_busy: float = 0.0
    log_busy: float = 0.0
    pods_busy: float = 0.0

    def quantile_ms(self, share: float) -> float:
        """Return what a share of the requests took at most."""
        return self.seconds[int(len(self.seconds) * share)] * 1e3


def simulate(
    figures: Figures, node: Node, *, rate: float, pods: int, seconds: float, seed: int
) -> Shard:
    """Let requests come to the pods of a shard for a time.

    What still waits when the time is over is answered too, so an overload shows as answers that
    take about as long as the simulation.

    Parameters
    ----------
    rate : float
        Requests per second of the shard; its pods get the same each.
    """
    chance = random.Random(seed)
    run = _Run(figures, node, [_moments(chance, rate / pods, seconds) for _ in range(pods)])
    shard = run.play()
    shard.seconds.sort()
    lasted = max(seconds, run.now)
    shard.cores_busy /= lasted * node.cores
    shard.log_busy /= lasted
    shard.pods_busy /= lasted * pods
    return shard


def _moments(chance: random.Random, rate: float, seconds: float) -> list[float]:
    moments, moment = [], chance.expovariate(rate)
    while moment < seconds:
        moments.append(moment)
        moment += chance.expovariate(rate)
    return moments


class _Run:
    """The events of a shard; a group is the number of its pod and the moments it came at."""

    def __init__(self, figures: Figures, node: Node, due: Sequence[list[float]]) -> None:
        self.now = 0.0
        self._figures, self._node, self._due = figures, node, due
        self._first = [0] * len(due)
        self._events: list[tuple[float, int, Action]] = []
        self._turn = 0
        self._free_cores = node.cores
        self._for_a_core: deque[tuple[int, list[float]]] = deque()
        self._for_the_log: list[tuple[int, list[float]]] = []
        self._is_flushing = False
        self._shard = Shard()

    def play(self) -> Shard:
        """Let all events happen, and return what became of the requests."""
        for pod in range(len(self._due)):
            self._take(pod)
        while self._events:
            self.now, _, action = heapq.heappop(self._events)
            action()
        return self._shard

    def _in(self, seconds: float, action: Action) -> None:
        self._turn += 1
        heapq.heappush(self._events, (self.now + seconds, self._turn, action))

    def _take(self, pod: int) -> None:
        """Let a free pod work on all that wait, or wait for the next."""
        first, due = self._first[pod], self._due[pod]
        behind = bisect_right(due, self.now, first)
        if behind > first:
            self._first[pod] = behind
            group = pod, due[first:behind]
            work = self._figures.group_cpu_us + self._figures.request_cpu_us * (behind - first)
            self._shard.pods_busy += work / 1e6
            self._in(work / 1e6 + self._node.way_s / 2, partial(self._reach, group))
        elif first < len(due):
            self._in(due[first] - self.now, partial(self._take, pod))

    def _reach(self, group: tuple[int, list[float]]) -> None:
        self._for_a_core.append(group)
        self._compute()

    def _compute(self) -> None:
        while self._free_cores and self._for_a_core:
            group = self._for_a_core.popleft()
            self._free_cores -= 1
            size = len(group[1])
            seconds = self._figures.database_cpu_us.at(size) * size / 1e6
            self._shard.cores_busy += seconds
            self._in(seconds, partial(self._computed, group))

    def _computed(self, group: tuple[int, list[float]]) -> None:
        self._free_cores += 1
        self._for_the_log.append(group)
        self._compute()
        self._flush()

    def _flush(self) -> None:
        """Write the log for all that wait, unless it is being written."""
        if self._is_flushing or not self._for_the_log:
            return
        self._is_flushing = True
        groups, self._for_the_log = self._for_the_log, []
        sizes = [len(due) for _, due in groups]
        grown = sum(self._figures.bytes.at(size) * size for size in sizes)
        writing = grown * self._node.log_share / self._node.log_bytes_per_s
        self._shard.flushes += 1
        self._shard.log_busy += self._node.flush_s + writing
        self._in(self._node.flush_s + writing, partial(self._flushed, groups))

    def _flushed(self, groups: list[tuple[int, list[float]]]) -> None:
        self._is_flushing = False
        for group in groups:
            self._in(self._node.replica_s + self._node.way_s / 2, partial(self._answer, group))
        self._flush()

    def _answer(self, group: tuple[int, list[float]]) -> None:
        pod, due = group
        self._shard.groups += 1
        self._shard.seconds += [self.now - moment for moment in due]
        self._take(pod)
