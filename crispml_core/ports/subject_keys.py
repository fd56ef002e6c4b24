"""Where the keys of data subjects are kept, and where they are destroyed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from crispml_core.domain.subjects import SubjectKey


class SubjectKeys(Protocol):
    """Keys by the keyed digests of their subjects: one for each subject, for ever."""

    def find(self, subject_key_ids: Sequence[str]) -> Mapping[str, SubjectKey]:
        """Return the keys that there are, destroyed ones included."""
        ...

    def add(self, keys: Sequence[SubjectKey]) -> Mapping[str, SubjectKey]:
        """Keep keys of subjects that have none yet, and return the key that each of them has.

        Of two processes that make a key for one subject at once, both get the same one back. A
        subject whose key was destroyed gets the destroyed one back.
        """
        ...

    def destroy(self, subject_key_id: str, *, at: datetime) -> SubjectKey:
        """Destroy the key of a subject and return what is left of it.

        A subject that never had a key has a destroyed one afterwards, so that none is made later.
        What was destroyed before stays as it is.
        """
        ...

    def destroyed(self, since: datetime) -> Sequence[str]:
        """Return the ids of the keys that were destroyed since a moment; that costs little."""
        ...
