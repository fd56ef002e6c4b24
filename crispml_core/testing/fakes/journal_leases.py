"""Leases of journals in memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from crispml_core.ports.journal_leases import JournalLease


class FakeJournalLeases:
    """See `crispml_core.ports.journal_leases.JournalLeases`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._leases: dict[str, JournalLease] = {}

    def held(self) -> Mapping[str, JournalLease]:
        """Return every lease that there is."""
        with self._lock:
            return dict(self._leases)

    def take(self, journal: str, seen: JournalLease | None, holder: str) -> bool:
        """Let `holder` have a lease that is still as it was seen."""
        with self._lock:
            if self._leases.get(journal) != seen:
                return False
            self._leases[journal] = JournalLease(holder, 1 if seen is None else seen.renewals + 1)
            return True

    def renew(self, journal: str, holder: str) -> bool:
        """Let the lease be seen to be held."""
        with self._lock:
            lease = self._leases.get(journal)
            if lease is None or lease.holder != holder:
                return False
            self._leases[journal] = JournalLease(holder, lease.renewals + 1)
            return True

    def end(self, journal: str, holder: str) -> None:
        """Give up a lease."""
        with self._lock:
            lease = self._leases.get(journal)
            if lease is not None and lease.holder == holder:
                del self._leases[journal]
