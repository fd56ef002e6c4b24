"""Calls of methods and groups of requests, from entry to exit, and what the process was like."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from crispml_core.domain.runs import SCORING_METHODS, MethodTiming, RunStatus

MOST_REQUEST_IDS = 5
"""So many request ids a call keeps: a group of hundreds is found by some of them."""


class Outcome(StrEnum):
    """How a call ended."""

    OK = "ok"
    ERROR = "error"


class Vitals(NamedTuple):
    """What a process is like at one moment.

    Parameters
    ----------
    resident_bytes : int or None
        None where the machine does not tell.
    gc_collections : int
        Garbage collections since the process began.
    gc_pause_s : float
        How long they took in all.
    pool_in_use, pool_size : int
        Connections to the database that are handed out, and how many the pools keep.
    thread : str
        Name of the thread that asks.
    """

    resident_bytes: int | None = None
    gc_collections: int = 0
    gc_pause_s: float = 0.0
    pool_in_use: int = 0
    pool_size: int = 0
    thread: str = ""


UNMEASURED = Vitals()


class ProcessFacts(NamedTuple):
    """What a process is like, in the detail that costs too much for each call.

    Parameters
    ----------
    threads, open_files, resident_bytes : int or None
        None where the machine does not tell.
    gc : sequence of (int, float)
        Collections and their seconds since the process began, by generation.
    """

    resident_bytes: int | None
    threads: int | None
    open_files: int | None
    gc: Sequence[tuple[int, float]]


@dataclass(slots=True, kw_only=True, eq=False)
class Call:
    """One call of a method, or one group of requests that was worked on together.

    Whoever works makes it, hands it to `TimingLog.enter`, fills in what came of it, and hands it to
    `TimingLog.exit`; after that it does not change. Not frozen, because that would cost as much as
    the rest of the timing of a group.

    Parameters
    ----------
    method : str
        One of `METHODS`, or what else a pipeline does in their place, for example
        ``drift-report``.
    is_group : bool
        Whether it is a group of requests on the scoring path.
    entered_ns : int
        When it began, in nanoseconds of the clock of the machine, also where moments are simulated:
        what is watched is the machine.
    start : float
        The same by the performance counter.
    seconds : float
        From entry to exit.
    stages : mapping of str to float
        What the seconds were spent on.
    requests, waiting : int
        Of a group: how many requests are in it, and how many waited for the next one.
    request_ids : sequence of str
        At most `MOST_REQUEST_IDS`.
    is_slow : bool
        Whether it took longer than the setting for slow calls allows.
    at_entry, at_exit : Vitals
        Measured by the timing log of the process.
    """

    method: str
    use_case: str = ""
    is_group: bool = False
    entered_ns: int = field(default_factory=time.time_ns)
    start: float = field(default_factory=time.perf_counter)
    seconds: float = 0.0
    outcome: Outcome = Outcome.OK
    rows: int = 0
    stages: Mapping[str, float] = field(default_factory=dict)
    requests: int = 0
    waiting: int = 0
    request_ids: Sequence[str] = ()
    is_slow: bool = False
    at_entry: Vitals = UNMEASURED
    at_exit: Vitals = UNMEASURED


def call_of(use_case: str, timing: MethodTiming) -> Call:
    """Return the call behind a step of a run that another process executed."""
    return Call(
        method=timing.method,
        use_case=use_case,
        entered_ns=int(timing.started_at.timestamp() * 1e9),
        seconds=timing.seconds,
        rows=timing.rows,
        outcome=Outcome.OK if timing.status is RunStatus.SUCCEEDED else Outcome.ERROR,
    )


SCORING = SCORING_METHODS[0]
"""The method of every group."""
WAIT, SCORE, DIGEST, COMMIT = "wait", "score", "digest", "commit"
STAGES = (WAIT, SCORE, DIGEST, COMMIT)
"""What a group spends its time on: the oldest of its requests waits for the group before, the
version answers, rows are packed and digested, and the store makes them durable."""
