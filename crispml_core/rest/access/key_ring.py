"""The API keys of a process: all in memory, and followed in the store."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime

from crispml_core.domain.access import ApiKey, Principal
from crispml_core.domain.api_keys import digest_of
from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.identifiers import utc_now
from crispml_core.ports.key_store import KeyStore

# A key that is revoked must open nothing a second later.
POLL_S = 0.25
# An unknown key may be new: the store is asked, but not for each of a flood of them.
_MOST_LOOKS_A_SECOND = 10
# While one look waits for a database that is frozen, others must not hold the threads of requests.
_PATIENCE_S = 0.5


class KeyRing:
    """Finds who asks with an API key, without asking the store.

    While the store is away the keys that are known go on opening: scores go to the journal then,
    and who may score has not changed. Nobody can revoke a key meanwhile either.

    Parameters
    ----------
    fixed : iterable of ApiKey
        Keys that are in no store, like the one of the settings.
    clock : callable
        Returns the current moment in UTC.
    """

    def __init__(
        self, fixed: Iterable[ApiKey] = (), clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._clock = clock
        self._store: KeyStore | None = None
        self._fixed = {key.digest: key for key in fixed}
        self._keys: dict[str, ApiKey] = dict(self._fixed)
        self._state: object = None
        self._second, self._looks = 0, 0
        self._looking = threading.Lock()
        self._on_change: list[Callable[[], None]] = []

    def watch(self, on_change: Callable[[], None]) -> None:
        """Tell somebody whenever keys were added or revoked."""
        self._on_change.append(on_change)

    def follow(self, store: KeyStore) -> None:
        """Take the keys of a store, and those that come there later.

        Raises
        ------
        StoreUnavailable
            If it does not answer.
        """
        self._store = store
        self._take(store.state(), store)

    def look(self) -> None:
        """Follow the store, if it answers."""
        store = self._store
        if store is None:
            return
        if not self._looking.acquire(timeout=_PATIENCE_S):
            return
        try:
            state = store.state()
            if state != self._state:
                self._take(state, store)
        except StoreUnavailable:
            return
        finally:
            self._looking.release()

    def _take(self, state: object, store: KeyStore) -> None:
        keys = {key.digest: key for key in store.list()}
        self._keys, self._state = {**keys, **self._fixed}, state
        for tell in self._on_change:
            tell()

    def _may_look(self) -> bool:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._looks = second, 0
        self._looks += 1
        return self._looks <= _MOST_LOOKS_A_SECOND

    def open(self, credential: str) -> tuple[Principal, float] | None:
        """Return who asks with a key, and until when that holds in seconds of the epoch.

        None if it opens nothing.

        May ask the store about a key that is not known.
        """
        digest = digest_of(credential)
        found = self._keys.get(digest)
        if found is None and self._may_look():
            self.look()
            found = self._keys.get(digest)
        if found is None or not found.is_valid(self._clock()):
            return None
        return (
            found.principal,
            math.inf if found.expires_at is None else found.expires_at.timestamp(),
        )
