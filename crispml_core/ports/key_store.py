"""Where API keys are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from crispml_core.domain.access import ApiKey


class KeyStore(Protocol):
    """Keys by their id; a key is never removed, so that the audit log can name it."""

    def add(self, key: ApiKey) -> None:
        """Keep a new key.

        Raises
        ------
        Conflict
            If its name is taken by a key that is not revoked.
        """
        ...

    def list(self) -> Sequence[ApiKey]:
        """Return all keys, the oldest first."""
        ...

    def revoke(self, key_id: str, *, at: datetime, by: str) -> ApiKey:
        """Revoke a key and return it; one that is revoked already stays as it is.

        Raises
        ------
        NotFound
            If there is no such key.
        """
        ...

    def state(self) -> object:
        """Return something that differs after every change; reading it costs one small query."""
        ...
