"""Idempotency keys of a fake store."""

from __future__ import annotations

from typing import Generic, TypeVar

from crispml_core.domain.errors import IdempotencyKeyReused

Answer = TypeVar("Answer")


class Answers(Generic[Answer]):
    """What each idempotency key was answered with, within its scope."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], tuple[str, Answer]] = {}

    def find(self, scope: tuple[str, ...], key: str | None, fingerprint: str) -> Answer | None:
        """Return the earlier answer or None; raise when the key came with another request."""
        if key is None or (*scope, key) not in self._known:
            return None
        stored, answer = self._known[*scope, key]
        if stored != fingerprint:
            raise IdempotencyKeyReused
        return answer

    def keep(
        self, scope: tuple[str, ...], key: str | None, fingerprint: str, answer: Answer
    ) -> None:
        """Remember an answer, if there is a key."""
        if key is not None:
            self._known[*scope, key] = (fingerprint, answer)
