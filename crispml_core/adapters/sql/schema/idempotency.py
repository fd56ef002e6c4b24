"""Idempotency keys: the same request again finds what it stored before."""

from __future__ import annotations

import hashlib

from crispml_core.domain.errors import IdempotencyKeyReused


def digest(*parts: str) -> str:
    """Return one digest for several parts, of which only the last may hold any character."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def key_digest(scope: tuple[str, ...], key: str | None) -> str | None:
    """Return the digest of an idempotency key within its scope, or None without a key."""
    return None if key is None else digest(*scope, key)


def check_fingerprint(stored: str | None, given: str) -> None:
    """Raise `IdempotencyKeyReused` unless the key came with the same request before."""
    if (stored or "") != given:
        raise IdempotencyKeyReused
