"""Who may take over which journal on a volume that several machines share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class JournalLease:
    """What is known of the lease of a journal.

    Parameters
    ----------
    holder : str
        The journal whose process holds it: this one, or that of who takes it over.
    renewals : int
        Grows with each renewal. A lease whose number stands still is not held any more.
    """

    holder: str
    renewals: int


class JournalLeases(Protocol):
    """The leases of all journals, by the name of the journal."""

    def held(self) -> Mapping[str, JournalLease]:
        """Return every lease that there is."""
        ...

    def take(self, journal: str, seen: JournalLease | None, holder: str) -> bool:
        """Let `holder` have a lease that is still as it was seen; None: there was none.

        Of several that try it with what they saw, one gets it.
        """
        ...

    def renew(self, journal: str, holder: str) -> bool:
        """Let the lease be seen to be held; False when it is not the holder's any more."""
        ...

    def end(self, journal: str, holder: str) -> None:
        """Give up a lease; without effect when it is not the holder's."""
        ...
