"""What happened in scoring besides scores."""

from __future__ import annotations

from typing import Protocol

from crispml_core.domain.events import EventKind, ServingEvent


class EventLog(Protocol):
    """Serving events as they were committed; `ScoreLedger.append` writes them."""

    def find(
        self,
        *,
        use_case: str | None = None,
        kind: EventKind | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[ServingEvent]:
        """Return events, newest first, older than the event `before`."""
        ...
