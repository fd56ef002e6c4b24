"""Keeps a flood of refused requests from becoming a flood of entries."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from crispml_core.domain.audit import AuditEvent

_WINDOW_S = 60.0
# Of so many different ones each is told apart; what comes besides is counted together.
_MOST = 256

_Key = tuple[str, str, str, str]


class Refusals:
    """Lets the first refusal of its kind through, and counts those like it for a minute.

    Those of a kind have the same actor, action, origin and outcome. What was counted and not
    written is lost when the process is killed.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._seen: dict[_Key, tuple[float, AuditEvent, int]] = {}

    def take(self, event: AuditEvent) -> AuditEvent | None:
        """Return the event if it shall be written now; None when it was counted."""
        key = (event.actor, event.action, event.origin, event.outcome)
        with self._lock:
            if key not in self._seen and len(self._seen) >= _MOST:
                key, event = ("", "", "", event.outcome), _of_many(event)
            found = self._seen.get(key)
            if found is None:
                self._seen[key] = (self._clock() + _WINDOW_S, event, 0)
                return event
            until, first, number = found
            self._seen[key] = (until, first, number + 1)
            return None

    def due(self, *, everything: bool = False) -> list[AuditEvent]:
        """Return an event for each kind whose minute is over, with how many came besides."""
        now, told = self._clock(), []
        with self._lock:
            for key, (until, first, number) in list(self._seen.items()):
                if everything or until <= now:
                    del self._seen[key]
                    if number:
                        told.append(replace(first, detail={**first.detail, "more": number}))
        return told


def _of_many(event: AuditEvent) -> AuditEvent:
    return AuditEvent(actor="many", action="refused", outcome=event.outcome)
