"""What a scoring process needs for a group of requests, and how that is read from measurements.

Requests are answered in groups, because their scores are committed together: a group is whatever
came while the one before was worked on. So a group of n requests takes

    group_s + request_s * n,

once for the commit and its flush to the disk, and n times for what each request needs. The time of
a request alone says little: beside others it is a fraction of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crispml_core.domain.errors import InvalidInput

_LEAST_LOADS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTimes:
    """How long one process works, in seconds.

    Parameters
    ----------
    request_s : float
        What a request adds to the time of its group.
    group_s : float
        What a group takes however many are in it, waiting for the disk included.
    stalls_per_s : float
        How often the process does something else in between: index keys, count drift, collect
        garbage.
    stall_s : float
        How long each of these takes.
    """

    request_s: float
    group_s: float
    stalls_per_s: float = 0.0
    stall_s: float = 0.0

    def __post_init__(self) -> None:
        if not (self.request_s > 0 and self.group_s >= 0):
            raise InvalidInput("service times: a request takes more than no time, a group no less")
        if not (self.stalls_per_s >= 0 and self.stall_s >= 0 and self.stalled_share < 1):
            raise InvalidInput("service times: stalls may not take all of the time")

    @property
    def stalled_share(self) -> float:
        """Share of the time that a busy process does something else."""
        return self.stalls_per_s * self.stall_s

    @property
    def limit(self) -> float:
        """Requests per second that no process exceeds, however large its groups become."""
        return (1 - self.stalled_share) / self.request_s

    def with_stalls(self, per_s: float, seconds: float) -> ServiceTimes:
        """Return the same times with other stalls."""
        return ServiceTimes(
            request_s=self.request_s,
            group_s=self.group_s,
            stalls_per_s=per_s,
            stall_s=seconds,
        )

    def closed_loop(self, connections: int) -> float:
        """Return the requests per second of clients that ask again as soon as they are answered.

        With several connections two groups take turns, the one that is worked on and the one that
        gathers: together they hold every connection, so all are answered once in
        ``2 * group_s + request_s * connections``. A lone client waits for its own group only.
        """
        groups = min(2, connections)
        cycle = groups * self.group_s + self.request_s * connections
        return connections * (1 - self.stalled_share) / cycle


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A cost of a request that falls with the size of its group: ``each + group / size``."""

    each: float
    group: float

    def at(self, size: float) -> float:
        """Return the cost of a request in groups of a size."""
        return self.each + self.group / size


def fit(sizes: Sequence[float], costs: Sequence[float]) -> Line:
    """Return the line through costs of a request, measured in groups of several mean sizes.

    Least squares of the relative differences: small groups cost several times as much as large
    ones, and their noise must not count as much more.

    Parameters
    ----------
    sizes : sequence of float
        Mean requests of a group at each load.
    costs : sequence of float
        What a request took at each, in any unit.

    Raises
    ------
    InvalidInput
        If there are too few different loads, or costs do not fall with the size of groups.
    """
    if len(set(sizes)) < _LEAST_LOADS or len(sizes) != len(costs) or min(costs) <= 0:
        raise InvalidInput("service times: measure at two loads with different groups at least")
    weights = 1 / np.array(costs, float)
    columns = np.column_stack([weights, weights / np.array(sizes, float)])
    (each, group), *_ = np.linalg.lstsq(columns, np.ones(len(costs)), rcond=None)
    if each <= 0 or group < 0:
        raise InvalidInput(
            "service times: requests in large groups were not cheaper than in small ones, "
            "so something else was measured; measure again on a quiet machine"
        )
    return Line(each=float(each), group=float(group))
