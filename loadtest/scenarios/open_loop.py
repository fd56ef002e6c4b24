"""Users whose requests are due at planned moments, see `loadtest.schedule`."""

from __future__ import annotations

import time
from typing import Any

from gevent.event import Event
from locust import task
from locust.user.task import LOCUST_STATE_STOPPING

from loadtest.outcomes import Outcome
from loadtest.scenarios.http_user import CountingUser
from loadtest.schedule import NoSchedule, Schedule


class OpenLoopUser(CountingUser):
    """Sends one request at each moment of its schedule; a subclass says which.

    Locust asks `wait_time` after each request, which returns at the next moment, and at once if
    that is over already. So a backlog is sent without a pause, and each request of it counts from
    its own moment.

    Locust would kill a user that waits, and now and then hits one that has just woken and sent a
    request, whose answer nobody hears. So a user is woken instead, and never interrupted.
    """

    abstract = True
    name = ""
    """What its requests are called."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._schedule: Schedule | NoSchedule | None = None
        self._in_flight: float | None = None
        self._asked_to_stop = Event()

    @property
    def rate(self) -> float:
        """How many requests per second are due."""
        return self.load.settings.user_rate

    def ask(self, due: float) -> None:
        """Send the request that is due."""
        raise NotImplementedError

    def on_start(self) -> None:
        """Make the schedule, and wait for its first moment."""
        arrivals = self.load.settings.arrivals
        self._schedule = (
            NoSchedule()
            if arrivals == "closed"
            else Schedule(
                self.rate, time.perf_counter(), self.load.chance, is_even=arrivals == "even"
            )
        )
        self.wait_time()

    def wait_time(self) -> float:
        """Wait until the next request is due, or the user is asked to stop; return 0."""
        assert self._schedule is not None
        self._asked_to_stop.wait(self._schedule.wait(time.perf_counter()))
        return 0.0

    def stop(self, force: bool = False) -> bool:
        """Stop after the request that is on its way; with `force`, or before the start, at once."""
        if force or self._schedule is None:
            return bool(super().stop(force))
        self._state = LOCUST_STATE_STOPPING
        self._asked_to_stop.set()
        return False

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
