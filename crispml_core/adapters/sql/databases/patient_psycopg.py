"""A connection of psycopg that gives up on a server which does not answer.

A server that is frozen, or behind a network that swallows all, keeps its sockets open, so neither
its own time-outs nor those of TCP end the wait of its clients. Only a clock on this side does.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import psycopg


class NoAnswer(psycopg.OperationalError):
    """Raised when a server said nothing for too long; the connection is closed then."""


def connection_class(patience_s: float) -> type[psycopg.Connection[Any]]:
    """Return a class of connections that bear so long a silence of the server."""

    class PatientConnection(psycopg.Connection[Any]):
        def wait(self, gen: Any, *arguments: Any, **named: Any) -> Any:
            try:
                return super().wait(_bounded(gen, patience_s), *arguments, **named)
            except NoAnswer:
                # What was sent may still be done, and its answer must meet nobody else.
                self.close()
                raise

    return PatientConnection


def _bounded(steps: Generator[Any, Any, Any], patience_s: float) -> Generator[Any, Any, Any]:
    """Pass on what a generator of the driver waits for, as long as something happens.

    The driver sends 0 into it ten times a second while nothing can be read or written.
    """
    deadline = time.monotonic() + patience_s
    try:
        wanted = next(steps)
        while True:
            ready = yield wanted
            now = time.monotonic()
            if ready:
                deadline = now + patience_s
            elif now > deadline:
                raise NoAnswer("the server said nothing for too long")
            wanted = steps.send(ready)
    except StopIteration as end:
        return end.value
