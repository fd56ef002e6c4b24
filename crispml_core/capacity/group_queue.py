"""How long requests take that come at a rate and are answered in groups.

Requests come as a Poisson process. A server that becomes free takes all that wait, and a group of n
takes a fixed time plus n times a fixed time. This is a queue with bulk service and no bound on the
group: Bailey 1954, On queueing processes with bulk service, J. R. Stat. Soc. B 16, 80-87, for the
chain of groups; Neuts 1967, A general class of bulk queues with Poisson input, Ann. Math. Stat. 38,
759-770, for groups that begin with the first of an empty queue. Inoue 2021, Queueing analysis of
GPU-based inference servers with dynamic batching, Performance Evaluation 147, 102183, has the same
times for predictions of a model.

The size of a group depends on the one before only: it is Poisson distributed with the mean
``rate * time of the group before``, and one that finds nobody begins with the next that comes. So
sizes are a Markov chain, whose stationary distribution is solved for. A request that comes while a
group is worked on comes at any moment of it with equal chance (Poisson arrivals see time averages:
Wolff 1982, Oper. Res. 30, 223-231). It waits for what is left, and then for its own group, which
has besides it whoever came in the same time.

Now and then the server does something else for a while after a group, or while it is idle; such
stalls come as a Poisson process as well.

Sizes above a few dozen are put together in bins that are wider the larger they are, which is the
only approximation; the tests hold it against a simulation of single events.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.special import pdtr

from crispml_core.capacity.service_times import ServiceTimes
from crispml_core.domain.errors import InvalidInput

# Every size up to this one is a state of its own; beyond that a bin is a tenth of its size.
_SINGLE, _GROWTH = 40, 1.1
_STEPS = 30


class GroupQueue:
    """One process under a load.

    Parameters
    ----------
    times : ServiceTimes
        What it needs.
    rate : float
        Requests per second.

    Raises
    ------
    InvalidInput
        If the rate is none, or more than the process can do.
    """

    def __init__(self, times: ServiceTimes, rate: float) -> None:
        if not 0 < rate < times.limit:
            raise InvalidInput(f"a process answers more than 0 and fewer than {times.limit:,.0f}/s")
        self.times, self.rate = times, rate

    @property
    def mean_group(self) -> float:
        """Requests of a group, on average over groups."""
        return float(self._chances @ self._sizes) / float(self._chances[1:].sum())

    @property
    def groups_per_s(self) -> float:
        """Groups, and so commits, per second."""
        return self.rate / self.mean_group

    @property
    def busy_share(self) -> float:
        """Share of the time in which the process works on a group, or waits for its commit."""
        return self.rate * self.times.request_s + self.groups_per_s * self.times.group_s

    @property
    def mean_s(self) -> float:
        """What a request takes on average."""
        weights, durations = self._weights
        within = durations / 2 + self._beside @ self._work
        alone = self._alone * self._work[1]
        return float((weights @ within + alone) / (weights.sum() + self._alone))

    def quantile_s(self, share: float) -> float:
        """Return what a share of the requests takes at most."""
        low, high = 0.0, float(self._weights[1].max() + self._work.max())
        for _ in range(_STEPS):
            middle = (low + high) / 2
            low, high = (middle, high) if self._slower(middle) > 1 - share else (low, middle)
        return high

    def _slower(self, seconds: float) -> float:
        """Return the share of requests that take longer.

        What is left of the group before is uniform, so for each pair of groups the chance to take
        longer falls on a straight line.
        """
        weights, durations = self._weights
        left = durations[:, None] + self._work[None, :] - seconds
        longer = np.clip(left / durations[:, None], 0.0, 1.0)
        among = float(weights @ (self._beside * longer).sum(axis=1))
        alone = self._alone * float(self._work[1] > seconds)
        return (among + alone) / float(weights.sum() + self._alone)

    @cached_property
    def _edges(self) -> np.ndarray:
        """Largest size of each state; the first is the idle server that does something else."""
        times = self.times
        steady = self.rate * (times.group_s + 2 * times.stall_s)
        most = steady / (1 - self.rate * times.request_s)
        most = 2 * _SINGLE + 2 * most + 10 * np.sqrt(most)
        edges = list(range(_SINGLE + 1))
        while edges[-1] < most:
            edges.append(int(np.ceil(edges[-1] * _GROWTH)))
        return np.array(edges)

    @cached_property
    def _sizes(self) -> np.ndarray:
        """Size of each state: the middle of its bin."""
        bins = pairwise(self._edges)
        return np.array([0.0, *((low + 1 + high) / 2 for low, high in bins)])

    @cached_property
    def _work(self) -> np.ndarray:
        """Time of each state without a stall after it."""
        return np.where(
            self._sizes > 0, self.times.group_s + self.times.request_s * self._sizes, 0.0
        )

    @cached_property
    def _stalled(self) -> np.ndarray:
        """Chance of a stall after the work of each state; the idle server is in one."""
        chances = -np.expm1(-self.times.stalls_per_s * self._work)
        chances[0] = 1.0
        return np.asarray(chances)

    def _arrivals(self, seconds: np.ndarray, others: int) -> np.ndarray:
        """Return the distribution over states of `others` requests and all that come meanwhile."""
        below = pdtr(self._edges[None, :] - others, self.rate * seconds[:, None])
        below = np.where(self._edges[None, :] < others, 0.0, below)
        below[:, -1] = 1.0
        return np.diff(below, axis=1, prepend=0.0)

    @cached_property
    def _chances(self) -> np.ndarray:
        """Stationary distribution of the states."""
        stalled, work = self._stalled[:, None], self._work
        after = (1 - stalled) * self._arrivals(work, 0)
        after += stalled * self._arrivals(work + self.times.stall_s, 0)
        nobody = after[:, 0].copy()
        # An idle server takes the next request, unless it begins to do something else before.
        idles = self.times.stalls_per_s / (self.times.stalls_per_s + self.rate)
        if self.times.stall_s == 0:
            idles = 0.0
        after[:, 0] = nobody * idles
        after[:, 1] += nobody * (1 - idles)
        states = len(work)
        system = np.vstack([after.T - np.eye(states), np.ones(states)])
        chances, *_ = np.linalg.lstsq(system, np.append(np.zeros(states), 1.0), rcond=None)
        clipped = np.clip(chances, 0.0, None)
        return np.asarray(clipped / clipped.sum())

    @cached_property
    def _weights(self) -> tuple[np.ndarray, np.ndarray]:
        """How many requests come in each kind of cycle, and how long it lasts."""
        durations = np.concatenate([self._work, self._work + self.times.stall_s])
        share = np.concatenate([1 - self._stalled, self._stalled]) * np.tile(self._chances, 2)
        lasting = np.maximum(durations, 1e-12)
        return self.rate * share * durations, lasting

    @cached_property
    def _beside(self) -> np.ndarray:
        """For a request that comes in each kind of cycle, the distribution of its own group."""
        return self._arrivals(self._weights[1], 1)

    @cached_property
    def _alone(self) -> float:
        """How many requests per cycle find the server idle."""
        durations = self._weights[1]
        share = np.concatenate([1 - self._stalled, self._stalled]) * np.tile(self._chances, 2)
        nobody = float(share @ np.exp(-self.rate * durations))
        idles = self.times.stalls_per_s / (self.times.stalls_per_s + self.rate)
        return nobody * (1 - (idles if self.times.stall_s > 0 else 0.0))
