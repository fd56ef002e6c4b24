"""API keys in memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from crispml_core.domain.access import ApiKey
from crispml_core.domain.errors import Conflict, NotFound


class FakeKeyStore:
    """Keys in a dict; see `crispml_core.ports.key_store.KeyStore`."""

    def __init__(self) -> None:
        self.keys: dict[str, ApiKey] = {}
        self._lock = threading.Lock()

    def add(self, key: ApiKey) -> None:
        """Keep a new key."""
        with self._lock:
            held = {other.name for other in self.keys.values() if other.revoked_at is None}
            if key.name in held:
                raise Conflict(
                    "there is a key of this name already: revoke it first, or choose another name"
                )
            self.keys[key.key_id] = key

    def list(self) -> Sequence[ApiKey]:
        """Return all keys, the oldest first."""
        return sorted(self.keys.values(), key=lambda key: (key.created_at, key.key_id))

    def revoke(self, key_id: str, *, at: datetime, by: str) -> ApiKey:
        """Revoke a key and return it; one that is revoked already stays as it is."""
        if key_id not in self.keys:
            raise NotFound("API key", hint="`crispml keys` lists them")
        if self.keys[key_id].revoked_at is None:
            self.keys[key_id] = replace(self.keys[key_id], revoked_at=at, revoked_by=by)
        return self.keys[key_id]

    def state(self) -> object:
        """Return something that differs after every change."""
        revoked = sum(key.revoked_at is not None for key in self.keys.values())
        return len(self.keys), revoked
