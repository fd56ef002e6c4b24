"""Users whose requests are due at planned moments, see `loadtest.schedule`."""

from __future__ import annotations

import time
from typing import Any

from locust import task

from loadtest.outcomes import Outcome
from loadtest.scenarios.http_user import CountingUser
from loadtest.schedule import Schedule


class OpenLoopUser(CountingUser):
    """Sends one request at each moment of its schedule; a subclass says which.

    Locust asks `wait_time` after each request: that is how long it is until the next moment, and
    nothing if that is over already. So a backlog is sent without a pause, and each request of it
    counts from its own moment.
    """

    abstract = True
    name = ""
    """What its requests are called."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._schedule: Schedule | None = None
        self._in_flight: float | None = None

    @property
    def rate(self) -> float:
        """How many requests per second are due."""
        return self.load.settings.user_rate

    def ask(self, due: float) -> None:
        """Send the request that is due."""
        raise NotImplementedError

    def on_start(self) -> None:
        """Make the schedule, and wait for its first moment."""
        settings = self.load.settings
        self._schedule = Schedule(
            self.rate,
            time.perf_counter(),
            self.load.chance,
            is_even=settings.arrivals == "even",
        )
        self.wait()

    def wait_time(self) -> float:
        """Return how long it is until the next request is due."""
        assert self._schedule is not None
        return self._schedule.wait(time.perf_counter())

    @task
    def take_turn(self) -> None:
        """Send what is due."""
        assert self._schedule is not None
        due = self._schedule.due
        self._schedule.advance()
        self._in_flight = due
        self.ask(due)
        self._in_flight = None

    def on_stop(self) -> None:
        """Count what was due and has no answer: a server that is too slow must not hide it."""
        now = time.perf_counter()
        if self._in_flight is not None:
            why = "no answer when the load ended"
            self.count(
                self.name, Outcome.FAILED, why, due=self._in_flight, sent=self._in_flight, done=now
            )
        if self._schedule is not None:
            for due in self._schedule.overdue(now):
                self.count(self.name, Outcome.UNSENT, "", due=due, sent=None, done=now)
