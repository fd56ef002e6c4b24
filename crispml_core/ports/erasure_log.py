"""Where it is kept whose values were made unreadable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crispml_core.domain.erasures import Erasure


class ErasureLog(Protocol):
    """Erasures, each committed together with the end of the key that it is about."""

    def commit(self, erasure: Erasure) -> Erasure:
        """Destroy the key of a subject and keep the erasure, in one transaction.

        A subject that never had a key gets none later.

        Returns
        -------
        Erasure
            The first one of the subject: if there is one already, nothing is changed.

        Raises
        ------
        StoreUnavailable
            If the store does not answer; then nothing may be claimed.
        """
        ...

    def of_subject(self, subject_key_id: str) -> Sequence[Erasure]:
        """Return the erasures of a subject, the oldest first."""
        ...

    def scrub(self) -> bool:
        """Remove what is left of destroyed keys from the files of the store, as far as it can.

        Returns
        -------
        bool
            Whether nothing is left in them; False where only its administrator can do that.
        """
        ...
