"""The lease of the journal of this process, and a watch over those of others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from crispml_core.adapters.journal.lease_watch import LeaseWatch, Seen
from crispml_core.domain.errors import CrispMLError, StoreUnavailable
from crispml_core.ports.journal_leases import JournalLeases

# Three renewals may get lost without the lease.
_BEATS = 4


class LeaseKeeper:
    """Renews one lease and watches all others, in a thread of its own.

    While the database is away nothing is renewed, and nothing is found to have expired.

    Parameters
    ----------
    leases : JournalLeases
        In the database.
    names : callable
        Returns the journals that lie on the volume.
    lease_s : float
        How long a lease lasts without a renewal.
    on_error : callable
        Told what the database or the volume did not do.
    """

    def __init__(
        self,
        leases: JournalLeases,
        names: Callable[[], Iterable[str]],
        *,
        lease_s: float,
        on_error: Callable[[CrispMLError], None],
    ) -> None:
        self._leases, self._names = leases, names
        self._pause_s, self._on_error = lease_s / _BEATS, on_error
        self._watch = LeaseWatch(lease_s)
        self._lock = threading.Lock()
        self._own, self._is_begun, self._is_lost = "", False, False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="journal-lease", daemon=True)

    @property
    def own(self) -> str:
        """The journal whose lease is kept."""
        return self._own

    def begin(self, name: str) -> None:
        """Keep the lease of another journal from now on; the database may be away."""
        with self._lock:
            self._own, self._is_begun, self._is_lost = name, False, False
            try:
                self._renew()
            except StoreUnavailable as error:
                self._on_error(error)  # the next beat tries it again
        if not self._thread.is_alive():
            self._thread.start()

    def is_lost(self, name: str) -> bool:
        """Return whether somebody else has the lease of a journal that was kept here."""
        return name != self._own or self._is_lost

    def expired(self) -> dict[str, Seen]:
        """Return the journals whose leases nobody holds, with what was seen of these."""
        with self._lock:
            return self._watch.expired()

    def stop(self) -> None:
        """Stop keeping and watching, and give the lease up."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            self._leases.end(self._own, self._own)
        except StoreUnavailable as error:
            self._on_error(error)

    def _keep(self) -> None:
        while not self._stop.wait(self._pause_s):
            with self._lock:
                try:
                    self._renew()
                    self._look()
                except CrispMLError as error:
                    self._watch.forget()
                    self._on_error(error)

    def _renew(self) -> None:
        if self._is_lost:
            return
        if self._is_begun:
            self._is_lost = not self._leases.renew(self._own, self._own)
        else:
            # Who finds a journal without a lease may take it: then there is one, and not ours.
            self._is_lost = not self._leases.take(self._own, None, self._own)
            self._is_begun = True

    def _look(self) -> None:
        before = time.monotonic()
        held = self._leases.held()
        # Journals without a lease, and leases without a journal, which nobody needs any more.
        found = {name: held.get(name) for name in {*self._names(), *held} if name != self._own}
        self._watch.look(before, time.monotonic(), found)
