"""Keys of data subjects in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from crispml_core.domain.subjects import SubjectKey


class FakeSubjectKeys:
    """Keys in a dict; see `crispml_core.ports.subject_keys.SubjectKeys`."""

    def __init__(self) -> None:
        self.keys: dict[str, SubjectKey] = {}

    def find(self, subject_key_ids: Sequence[str]) -> Mapping[str, SubjectKey]:
        """Return the keys that there are, destroyed ones included."""
        return {key_id: self.keys[key_id] for key_id in subject_key_ids if key_id in self.keys}

    def add(self, keys: Sequence[SubjectKey]) -> Mapping[str, SubjectKey]:
        """Keep keys of subjects that have none yet, and return the key that each of them has."""
        return {key.subject_key_id: self.keys.setdefault(key.subject_key_id, key) for key in keys}

    def destroy(self, subject_key_id: str, *, at: datetime) -> SubjectKey:
        """Destroy the key of a subject and return what is left of it."""
        key = self.keys.get(subject_key_id)
        if key is None or key.destroyed_at is None:
            created_at = at if key is None else key.created_at
            none = SubjectKey(
                subject_key_id=subject_key_id, wrapped_key=None, created_at=created_at
            )
            self.keys[subject_key_id] = replace(none, destroyed_at=at)
        return self.keys[subject_key_id]

    def destroyed(self, since: datetime) -> Sequence[str]:
        """Return the ids of the keys that were destroyed since a moment."""
        found = [
            (key.destroyed_at, key.subject_key_id)
            for key in self.keys.values()
            if key.destroyed_at is not None and key.destroyed_at >= since
        ]
        return [key_id for _, key_id in sorted(found)]
