"""What a hundred times the largest measured rate takes, by the model and a simulation of shards."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from benchmarks.simulation.shards import Node, Shard, simulate
from crispml_core.capacity.measured import Figures
from crispml_core.capacity.sizing import DAY_S, MONTH_DAYS

SHARDS = (4, 8, 12, 16, 24, 32, 48, 64)
_SECONDS, _KEYS, _MOST_BUSY = 1.0, 200_000, 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What the plan rests on besides what was measured.

    Parameters
    ----------
    times : float
        How many times the largest measured rate.
    p99_ms : float
        What 99 of 100 requests may take at most.
    pod_used : float
        Share that is planned with of what a pod could do at all.
    uneven : float
        Rate of the busiest shard to that of the mean one, of which the plan has to stand.
    mean_share : float
        Rate of the whole month to that of the busiest second.
    away_s : float
        How long a node may be away before its pods refuse scores.
    replay_rows_per_s : float
        How fast a node takes what waited in journals.
    """

    times: float = 100.0
    p99_ms: float = 50.0
    pod_used: float = 0.6
    uneven: float = 1.1
    mean_share: float = 0.1
    away_s: float = 300.0
    replay_rows_per_s: float = 400_000.0


def sweep(figures: Figures, node: Node, rate: float, wish: Assumptions) -> list[dict[str, Any]]:
    """Return for several numbers of shards what the busiest of them does."""
    rows = []
    for shards in SHARDS:
        mean = rate / shards
        pods = pods_of(figures, mean, wish)
        found = simulate(
            figures, node, rate=mean * wish.uneven, pods=pods, seconds=_SECONDS, seed=shards
        )
        rows.append({"shards": shards, "pods": pods, "rate": mean, **_facts(found, wish)})
    return rows


def fewest(rows: Iterable[dict[str, Any]]) -> int:
    """Return the smallest number of shards from which on all keep the wish."""
    kept: int | None = None
    for row in rows:
        kept = (kept or row["shards"]) if row["holds"] else None
    if kept is None:
        raise SystemExit("not even the largest number of shards keeps the wish")
    return kept


def pods_of(figures: Figures, rate: float, wish: Assumptions) -> int:
    """Return the pods of a shard."""
    return ceil(rate / (wish.pod_used * figures.times.limit))


def unevenness(shards: int, seed: int = 1) -> dict[str, float]:
    """Return the rate of the busiest shard to the mean, by what decides about the shard.

    Use cases are as popular as words are: the second half as much as the first, the third a third
    (Zipf). A key is one of very many, none of which matters.
    """
    chance = random.Random(seed)
    ranks = range(1, 101)
    popular = {use_case: 1 / use_case for use_case in ranks}
    by_use_case: Counter[int] = Counter()
    for use_case in ranks:
        by_use_case[chance.randrange(shards)] += popular[use_case]
    by_key = Counter(chance.randrange(shards) for _ in range(_KEYS))
    return {
        "the use case": max(by_use_case.values()) * shards / sum(popular.values()),
        "the hash of use case and record key": max(by_key.values()) * shards / _KEYS,
    }


def storage(figures: Figures, size: float, rate: float, wish: Assumptions) -> dict[str, float]:
    """Return what is written in a day and in a month, on all nodes together."""
    per_day = rate * wish.mean_share * DAY_S * figures.bytes.at(size)
    return {"tib_per_day": per_day / 2**40, "tib_per_month": per_day * MONTH_DAYS / 2**40}


def away(
    figures: Figures, rate: float, pods: int, size: float, wish: Assumptions
) -> dict[str, float]:
    """Return what waits in the journals of a shard whose node was away, and how long it takes.

    A fluid: scores come at the rate of the shard, and the node takes what waited as fast as it can
    beside what comes meanwhile.
    """
    waiting = rate * wish.away_s
    spare = wish.replay_rows_per_s * (1 - rate / wish.replay_rows_per_s)
    if spare <= 0:
        raise SystemExit("a node takes fewer rows than come, so journals would grow for ever")
    return {
        "scores": waiting,
        "gib_per_pod": waiting * figures.bytes.at(size) / pods / 2**30,
        "drained_s": waiting / spare,
    }


def _facts(shard: Shard, wish: Assumptions) -> dict[str, Any]:
    p99 = shard.quantile_ms(0.99)
    busiest = max(shard.cores_busy, shard.log_busy)
    return {
        "p50_ms": shard.quantile_ms(0.5),
        "p99_ms": p99,
        "size": len(shard.seconds) / shard.groups,
        "commits_per_flush": shard.groups / shard.flushes,
        "pods_busy": shard.pods_busy,
        "cores_busy": shard.cores_busy,
        "log_busy": shard.log_busy,
        "holds": p99 <= wish.p99_ms and busiest <= _MOST_BUSY,
    }


def busiest_of(
    figures: Figures,
    node: Node,
    rate: float,
    pods: int,
    factors: Sequence[float],
    wish: Assumptions,
) -> list[dict[str, Any]]:
    """Return what a shard does that gets so many times the mean, with the pods of the mean one."""
    return [
        _facts(
            simulate(figures, node, rate=rate * factor, pods=pods, seconds=_SECONDS, seed=7),
            wish,
        )
        for factor in factors
    ]
