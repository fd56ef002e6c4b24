"""The people behind records, and the keys that their encrypted values are readable with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectKey:
    """The key of one data subject, as it is stored.

    Parameters
    ----------
    subject_key_id : str
        A keyed digest of the subject, which names nobody.
    wrapped_key : str, optional
        The key, encrypted by the master key; None once it was destroyed.
    created_at : datetime
        When it was made, UTC.
    destroyed_at : datetime, optional
        When it was destroyed, UTC. It never comes back, and the subject gets no other.
    """

    subject_key_id: str
    wrapped_key: str | None
    created_at: datetime
    destroyed_at: datetime | None = None

    @property
    def is_destroyed(self) -> bool:
        """Whether what was encrypted with it is unreadable for ever."""
        return self.destroyed_at is not None


class Hidden(StrEnum):
    """Why a value is not shown.

    ``encrypted``: nobody who may read it asked. ``erased``: the key of its subject is destroyed.
    ``withheld``: it was not stored, because there was no key for it at that moment. ``damaged``: it
    was altered after it was stored, or belongs elsewhere.
    """

    ENCRYPTED = "encrypted"
    ERASED = "erased"
    WITHHELD = "withheld"
    DAMAGED = "damaged"
