"""Trying again what a database did not do: in this place only, and never what may be done already.

Two kinds of failure are told apart by `errors`: after a `Passing` one surely nothing was committed,
so anything can be tried again. After `CommitUnknown` the transaction may be there, so only what
names its effect by a key can be.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Engine

from crispml_core.adapters.sql.databases.errors import (
    CommitUnknown,
    ConnectionLost,
    GaveWay,
    LockedOut,
    Passing,
)
from crispml_core.adapters.sql.databases.options import options_of

P = ParamSpec("P")
T = TypeVar("T")

# The first pause is at most so long, each further one at most twice the one before.
_FIRST_S, _LONGEST_S = 0.05, 1.0
# From 0 on, so that the first is a rise.
_counts = Counter({kind.reason: 0 for kind in (ConnectionLost, GaveWay, LockedOut, CommitUnknown)})
_counting = threading.Lock()


def counts() -> Mapping[str, int]:
    """Return how often this process tried again, by every reason that there is."""
    with _counting:
        return dict(_counts)


class Tries:
    """The tries of one thing, as long as the options of the engine say.

    The pauses are random, so that many clients of a database that comes back do not come at once.
    """

    def __init__(self, engine: Engine) -> None:
        self._until = time.monotonic() + options_of(engine).retry_s
        self._longest_s = _FIRST_S

    def again_after(self, error: Passing | CommitUnknown) -> None:
        """Wait before the next try, or raise the error when there shall be none."""
        pause_s = random.uniform(0, self._longest_s)  # noqa: S311 - no secret
        if time.monotonic() + pause_s >= self._until:
            raise error
        with _counting:
            _counts[error.reason] += 1
        time.sleep(pause_s)
        self._longest_s = min(2 * self._longest_s, _LONGEST_S)


def retried(store: Callable[P, T]) -> Callable[P, T]:
    """Let a method of a store be called again when surely nothing of it was committed.

    For what reads, and for one transaction. Its first argument is an engine, or a store with one.
    """
    return _retried(store, Passing)


def retried_by_key(store: Callable[P, T]) -> Callable[P, T]:
    """Let a method be called again even when it may be done already.

    Only for what does the same when it is done twice: it names what it stores by a unique key and
    knows its own row again, or it changes rows to values that it is given.
    """
    return _retried(store, Passing, CommitUnknown)


def _retried(store: Callable[P, T], *errors: type[Passing] | type[CommitUnknown]) -> Callable[P, T]:
    @wraps(store)
    def again(*arguments: P.args, **named: P.kwargs) -> T:
        tries = Tries(_engine_of(arguments[0]))
        while True:
            try:
                return store(*arguments, **named)
            except errors as error:
                tries.again_after(error)

    return again


def _engine_of(first: Any) -> Engine:
    engine: Engine = first if isinstance(first, Engine) else first._engine
    return engine
