"""Which leases stood still for so long that nobody holds them."""

from __future__ import annotations

from collections.abc import Mapping

from crispml_core.ports.journal_leases import JournalLease

Seen = JournalLease | None


class LeaseWatch:
    """Judges leases by the clock of who watches them.

    A lease has a number and no moment, so the clocks of two machines are never compared. It has
    expired when its number stood still for as long as the lease lasts, between two looks that went
    well. Whoever did not look for a while cannot tell what happened meanwhile, and begins anew: the
    database may have been away, and then its holder could not renew it.

    Parameters
    ----------
    lease_s : float
        How long a lease lasts without a renewal.
    """

    def __init__(self, lease_s: float) -> None:
        self._lease_s = lease_s
        self._looked: float | None = None
        self._since: dict[str, tuple[Seen, float]] = {}

    def look(self, before: float, after: float, found: Mapping[str, Seen]) -> None:
        """Take in what was found; it was read between the two moments of a monotonic clock."""
        if self._looked is None or before - self._looked > self._lease_s / 2:
            self._since = {}
        self._looked = before
        known = self._since
        self._since = {
            name: known[name] if name in known and known[name][0] == seen else (seen, after)
            for name, seen in found.items()
        }

    def forget(self) -> None:
        """Begin anew."""
        self._looked = None

    def expired(self) -> dict[str, Seen]:
        """Return the leases that nobody holds, as they were seen."""
        if self._looked is None:
            return {}
        return {
            name: seen
            for name, (seen, since) in self._since.items()
            if self._looked - since >= self._lease_s
        }
