"""A user whose requests are counted by what they must come to, not by their status alone."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any

from locust import FastHttpUser

from loadtest.config import addresses, tls
from loadtest.outcomes import Outcome, outcome_of
from loadtest.scenarios.load_process import LoadProcess

Read = Callable[[bytes], object]
"""Takes a good answer; raises `BrokenAnswer`, or what comes of content that is not as it must."""
_BROKEN = (ValueError, LookupError, TypeError)


class BrokenAnswer(ValueError):
    """An answer of status 200 that does not say what it must; the text says why."""


class _NobodyListens:
    """Stands in for the event of a request, which Locust's client fires by its own clock."""

    def fire(self, **request: Any) -> None:
        """Do nothing."""


def _trusted(**_: Any) -> ssl.SSLContext:
    return tls().context()


class CountingUser(FastHttpUser):
    """Sends requests and counts what became of them.

    Locust hears of measured requests only, with the time from the moment they were due: its charts
    and its figures are those of the load.
    """

    abstract = True
    host = addresses()[1] or "http://127.0.0.1:8102"
    insecure = False
    ssl_context_factory = staticmethod(_trusted)

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.load: LoadProcess = environment.load
        self.client.request_event = _NobodyListens()
        self.client.client.clientpool.network_timeout = self.load.settings.timeout_s

    def send(
        self,
        name: str,
        address: str,
        content: bytes,
        *,
        due: float,
        is_valid: bool = True,
        records: int = 0,
        is_open: bool = True,
        read: Read | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Send one request, wait for its answer, and count it.

        Parameters
        ----------
        name : str
            Out of `loadtest.names`.
        due : float
            When it had to be sent, by `time.perf_counter`.
        is_valid : bool
            Whether its records are valid, or must be refused.
        records : int
            How many there are to score.
        read : callable, optional
            Reads a good answer.
        """
        sent = time.perf_counter()
        response = self.client.request(
            "POST", address, data=content, headers={**self.load.headers, **(headers or {})}
        )
        done = time.perf_counter()
        outcome = outcome_of(response.status_code, is_valid=is_valid)
        why = f"status {response.status_code}"
        if not response.status_code:
            why = type(response.error).__name__
        if outcome is Outcome.ANSWERED and read is not None:
            try:
                read(response.content or b"")
            except _BROKEN as error:
                outcome, why = Outcome.FAILED, _said(error)
        self.count(
            name, outcome, why, due=due, sent=sent, done=done, records=records, is_open=is_open
        )
        return outcome

    def count(
        self,
        name: str,
        outcome: Outcome,
        why: str,
        *,
        due: float,
        sent: float | None,
        done: float,
        records: int = 0,
        is_open: bool = True,
    ) -> None:
        """Count a request, and tell Locust of it if it is measured."""
        collector = self.load.collector
        collector.add(
            name, outcome, due=due, sent=sent, done=done, records=records, is_open=is_open
        )
        error = None
        if not outcome.is_good:
            said = f"{outcome.value.replace('_', ' ')}: {why}" if why else outcome.value
            collector.figures.note(f"{name}: {said}")
            error = BrokenAnswer(said)
        if collector.is_measured(due):
            self.environment.events.request.fire(
                request_type="open" if is_open else "closed",
                name=name,
                response_time=(done - due) * 1000,
                response_length=0,
                exception=error,
                context={},
            )


def _said(error: Exception) -> str:
    return (
        str(error) if isinstance(error, BrokenAnswer) else f"broken answer: {type(error).__name__}"
    )
