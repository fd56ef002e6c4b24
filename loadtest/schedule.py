"""When requests are due, whatever the server does.

A client that sends its next request after the answer to the one before lets a slow server decide
how much it is asked: the requests that would have had to wait are never sent, and the figures look
fine (*coordinated omission*). Here each user has a plan of its own: requests are due at moments
that nothing moves. One that is due while the user still waits for an answer is sent right after
it, and its time counts from the moment it was due.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random


class Schedule:
    """The moments at which the requests of one user are due.

    Parameters
    ----------
    rate : float
        Requests per second.
    start : float
        The moment before the first one, in seconds of any clock.
    chance : Random
        Draws the gaps. The first one is drawn for even gaps, too, so that users take turns.
    is_even : bool
        Whether all gaps are as long as the mean one, or exponential.
    """

    def __init__(self, rate: float, start: float, chance: Random, *, is_even: bool = False) -> None:
        self._mean, self._chance, self._is_even = 1 / rate, chance, is_even
        self.due = start + (chance.random() * self._mean if is_even else self._gap())

    def advance(self) -> None:
        """Turn to the next moment."""
        self.due += self._gap()

    def wait(self, now: float) -> float:
        """Return how long it is until the next request is due; 0 if it is due already."""
        return max(0.0, self.due - now)

    def overdue(self, now: float) -> Iterator[float]:
        """Yield each moment up to now that had no turn yet, and turn to the one after."""
        while self.due <= now:
            yield self.due
            self.advance()

    def _gap(self) -> float:
        return self._mean if self._is_even else self._chance.expovariate(1 / self._mean)


class NoSchedule:
    """Lets a request be due as soon as the one before has its answer.

    It asks what a server can do at the most, with as many connections as there are users. How long
    answers take then says nothing about callers who do not wait for each other.
    """

    def __init__(self) -> None:
        self.due = time.perf_counter()

    def advance(self) -> None:
        """Turn to the next moment, which the answer will make."""

    def wait(self, now: float) -> float:
        """Return 0: the next request is due now."""
        self.due = now
        return 0.0

    def overdue(self, now: float) -> Iterator[float]:
        """Yield nothing: what was not sent was not due."""
        yield from ()
