"""Events that wait for the next commit, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from crispml_core.domain.events import ServingEvent

MOST = 10_000
"""So many events may wait; beyond them the oldest are dropped, and counted."""


class EventQueue:
    """Filled by any thread, emptied by the one that commits."""

    def __init__(self) -> None:
        self._events: deque[ServingEvent] = deque(maxlen=MOST)
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._events)

    @property
    def dropped(self) -> int:
        """How many events were not kept, because more came than could be written."""
        return self._dropped

    def add(self, event: ServingEvent) -> None:
        """Keep an event."""
        if len(self._events) == MOST:
            self._dropped += 1
        self._events.append(event)

    def take(self) -> list[ServingEvent]:
        """Return what waits, oldest first; it is the caller's now."""
        events = []
        while self._events:
            events.append(self._events.popleft())
        return events

    def put_back(self, events: Sequence[ServingEvent]) -> None:
        """Keep events that could not be stored, as far as there is room."""
        room = max(MOST - len(self._events), 0)
        self._dropped += max(len(events) - room, 0)
        self._events.extendleft(reversed(events[:room]))
