"""Erasures in memory."""

from __future__ import annotations

from collections.abc import Sequence

from crispml_core.domain.erasures import Erasure
from crispml_core.testing.fakes.subject_keys import FakeSubjectKeys


class FakeErasureLog:
    """Erasures beside the keys that they are about.

    Parameters
    ----------
    keys : FakeSubjectKeys
        Where keys are destroyed.
    """

    def __init__(self, keys: FakeSubjectKeys) -> None:
        self._keys = keys
        self.erasures: list[Erasure] = []

    def commit(self, erasure: Erasure) -> Erasure:
        """Destroy the key of a subject and keep the erasure."""
        self._keys.destroy(erasure.subject_key_id, at=erasure.erased_at)
        earlier = self.of_subject(erasure.subject_key_id)
        if earlier:
            return earlier[0]
        self.erasures.append(erasure)
        return erasure

    def of_subject(self, subject_key_id: str) -> Sequence[Erasure]:
        """Return the erasures of a subject, the oldest first."""
        return [one for one in self.erasures if one.subject_key_id == subject_key_id]

    def scrub(self) -> bool:
        """Return whether nothing is left; there are no files."""
        return True
