"""A log of serving events in memory."""

from __future__ import annotations

from crispml_core.domain.events import EventKind, ServingEvent
from crispml_core.testing.fakes.score_ledger import FakeScoreLedger


class FakeEventLog:
    """The events that a `FakeScoreLedger` committed.

    Parameters
    ----------
    ledger : FakeScoreLedger
        Keeps the events.
    """

    def __init__(self, ledger: FakeScoreLedger) -> None:
        self._ledger = ledger

    def find(
        self,
        *,
        use_case: str | None = None,
        kind: EventKind | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[ServingEvent]:
        """Return events, newest first, older than the event `before`."""
        found = [
            event
            for event in list(self._ledger.events.values())
            if use_case in (None, event.use_case)
            and kind in (None, event.kind)
            and (before is None or event.event_id < before)
        ]
        return sorted(found, key=lambda event: event.event_id, reverse=True)[:limit]
