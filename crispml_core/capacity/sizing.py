"""From a wish, a rate and how slow an answer may be, to what it takes."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from crispml_core.capacity.group_queue import GroupQueue
from crispml_core.capacity.measured import Figures
from crispml_core.capacity.service_times import ServiceTimes
from crispml_core.domain.errors import InvalidInput

# Near its limit a little more load costs a queue any time one likes, so some of it is left.
MOST_USED = 0.8
DAY_S, MONTH_DAYS = 86_400, 30
_SHARE, _STEPS, _ALMOST_NO_RATE = 0.99, 20, 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for.

    Parameters
    ----------
    rate : float
        Requests per second at the busiest time, of one record each.
    p99_ms : float
        What 99 of 100 requests may take at most.
    mean_rate : float or None
        Requests per second over a month; the same as `rate` where it is not known.
    spare : int
        How many pods may be lost while the wish is kept.
    connections : int or None
        Open at the same time; as many as are on their way at the worst where it is not known.
    retention_days : int or None
        How long scores are kept; for ever where there is no rule.
    most_used : float
        Share that is planned with of what a process could do in groups without end.
    """

    rate: float
    p99_ms: float
    mean_rate: float | None = None
    spare: int = 1
    connections: int | None = None
    retention_days: int | None = None
    most_used: float = MOST_USED

    def __post_init__(self) -> None:
        if not (self.rate > 0 and self.p99_ms > 0 and 0 < self.most_used < 1):
            raise InvalidInput("a rate and a time are above 0, a used share is between 0 and 1")
        if self.mean_rate is not None and not 0 < self.mean_rate <= self.rate:
            raise InvalidInput("the mean rate is above 0 and at most the rate")
        if self.spare < 0 or not _positive(self.connections, self.retention_days):
            raise InvalidInput("spare pods are 0 or more, connections and days 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What it takes.

    Parameters
    ----------
    pods : int
        Processes, each with a core of its own, the spare ones among them.
    rate_per_pod : float
        Requests per second with which a pod keeps the wish.
    used_share, p99_ms, group_size : float
        Of a pod while all of them are there; the share is of what it could do at all.
    p99_ms_without_spare : float
        What 99 of 100 requests take while the spare pods are lost.
    cores : float
        Processor time per second of all pods together.
    memory_mib : float
        Of one pod.
    commits_per_s, rows_per_s, database_cores : float
        What the database does: rows of scores, of their index and of groups.
    bytes_per_score : float
        By how much the database grows with a score at the mean rate, its index included.
    month_gib, kept_gib : float
        What comes in 30 days, and what lies there once the oldest are deleted, if ever.
    notes : tuple of str
        What the figures do not say.
    """

    pods: int
    rate_per_pod: float
    used_share: float
    p99_ms: float
    p99_ms_without_spare: float
    group_size: float
    cores: float
    memory_mib: float
    commits_per_s: float
    rows_per_s: float
    database_cores: float
    bytes_per_score: float
    month_gib: float
    kept_gib: float | None
    notes: tuple[str, ...]


def make_plan(figures: Figures, wish: Wish, database: str) -> Plan:
    """Return what a wish takes.

    Raises
    ------
    InvalidInput
        If no number of pods keeps it; the text says what is possible.
    """
    per_pod = most_rate(figures.times, wish.p99_ms / 1e3, wish.most_used)
    needed = ceil(wish.rate / per_pod)
    pods = needed + wish.spare
    usual = GroupQueue(figures.times, wish.rate / pods)
    worst = GroupQueue(figures.times, wish.rate / needed)
    size, groups_per_s = usual.mean_group, usual.groups_per_s * pods
    mean_rate = wish.mean_rate or wish.rate
    # Groups are smaller at the usual rate, and what a group takes is shared by fewer.
    bytes_per_score = figures.bytes.at(GroupQueue(figures.times, mean_rate / pods).mean_group)
    per_day = mean_rate * DAY_S * bytes_per_score / 2**30
    return Plan(
        pods=pods,
        rate_per_pod=per_pod,
        used_share=wish.rate / pods / figures.times.limit,
        p99_ms=usual.quantile_s(_SHARE) * 1e3,
        p99_ms_without_spare=worst.quantile_s(_SHARE) * 1e3,
        group_size=size,
        cores=wish.rate * figures.cpu_us.at(size) / 1e6,
        memory_mib=figures.idle_mib + _connections(wish, needed) * figures.connection_kib / 1024,
        commits_per_s=groups_per_s,
        rows_per_s=2 * wish.rate + groups_per_s,
        database_cores=wish.rate * figures.database_cpu_us.at(size) / 1e6,
        bytes_per_score=bytes_per_score,
        month_gib=per_day * MONTH_DAYS,
        kept_gib=None if wish.retention_days is None else per_day * wish.retention_days,
        notes=tuple(_notes(wish, pods, database)),
    )


def most_rate(times: ServiceTimes, p99_s: float, most_used: float = MOST_USED) -> float:
    """Return the highest rate at which a process keeps a 99 % quantile and has something left.

    How busy it is does not say that: a process that is asked little works on small groups, and one
    that is always busy can still put more into each.

    Raises
    ------
    InvalidInput
        If it does not even keep it when nearly nobody asks.
    """

    def keeps(rate: float) -> bool:
        return GroupQueue(times, rate).quantile_s(_SHARE) <= p99_s

    if not keeps(_ALMOST_NO_RATE):
        least = GroupQueue(times, _ALMOST_NO_RATE).quantile_s(_SHARE) * 1e3
        raise InvalidInput(
            f"99 of 100 requests within {p99_s * 1e3:g} ms are not possible with any number of "
            f"pods: when nobody else asks, they take up to {least:.2f} ms; a commit has to reach "
            "the disk"
        )
    low, high = _ALMOST_NO_RATE, times.limit * most_used
    if keeps(high):
        return high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if keeps(middle) else (low, middle)
    return low


def _positive(*values: int | None) -> bool:
    return all(value is None or value >= 1 for value in values)


def _connections(wish: Wish, pods: int) -> int:
    """Return how many connections a pod has when the spare ones are lost.

    On average ``rate * time`` requests are on their way (Little 1961), so if each took as long as
    the slowest may, there would be so many.
    """
    return ceil((wish.connections or wish.rate * wish.p99_ms / 1e3) / pods)


def _notes(wish: Wish, pods: int, database: str) -> list[str]:
    notes = []
    if database == "sqlite" and pods > 1:
        notes.append("SQLite is for the pods of one machine; more machines need a server")
    if wish.mean_rate is None:
        notes.append("storage is that of the highest rate all day; --mean-rate says what is usual")
    if wish.spare == 0:
        notes.append("no pod may be lost, and none is left while a new release is rolled out")
    return notes
