"""One scoring process, request by request: the formula of the capacity model must agree with it."""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass

from crispml_core.capacity.service_times import ServiceTimes

_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Served:
    """What became of requests.

    Parameters
    ----------
    seconds : list of float
        How long each took, the shortest first.
    groups : int
        In how many groups they were answered.
    """

    seconds: list[float]
    groups: int

    def quantile_s(self, share: float) -> float:
        """Return what a share of the requests took at most."""
        return self.seconds[int(len(self.seconds) * share)]

    @property
    def mean_s(self) -> float:
        """What a request took on average."""
        return sum(self.seconds) / len(self.seconds)

    @property
    def mean_group(self) -> float:
        """Requests of a group."""
        return len(self.seconds) / self.groups


def serve(times: ServiceTimes, rate: float, requests: int, seed: int) -> Served:
    """Let requests come at random, and answer whatever waits in one group after the other."""
    chance = random.Random(seed)

    def next_stall(after: float) -> float:
        return after + chance.expovariate(times.stalls_per_s) if times.stalls_per_s else _NEVER

    due, moment = [], 0.0
    for _ in range(requests):
        moment += chance.expovariate(rate)
        due.append(moment)
    now, stall, first, groups = 0.0, next_stall(0.0), 0, 0
    taken: list[float] = []
    while first < requests:
        if due[first] > now:  # nobody waits
            if stall < due[first]:
                now = stall + times.stall_s
                stall = next_stall(now)
                continue
            now = due[first]
        behind = bisect_right(due, now, first)
        now += times.group_s + times.request_s * (behind - first)
        taken += [now - came for came in due[first:behind]]
        first, groups = behind, groups + 1
        if stall < now:
            now += times.stall_s
            stall = next_stall(now)
    return Served(sorted(taken), groups)
