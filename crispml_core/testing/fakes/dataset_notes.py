"""Notes about data sets in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from crispml_core.domain.catalogue import DataSetNote
from crispml_core.domain.errors import PreconditionFailed
from crispml_core.domain.identifiers import utc_now
from crispml_core.ports.dataset_notes import ANY_SEQUENCE


class FakeDataSetNotes:
    """Notes, numbered per data set.

    Parameters
    ----------
    clock : callable
        Returns the current moment in UTC.
    """

    def __init__(self, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._notes: dict[str, list[DataSetNote]] = {}

    def add(
        self,
        dataset_id: str,
        changes: dict[str, Any],
        *,
        expected: int,
        noted_by: str = "",
        reason: str = "",
        floor: str | None = None,
    ) -> DataSetNote:
        """Append a note, if the newest one is the expected one."""
        with self._lock:
            notes = self._notes.setdefault(dataset_id, [])
            if expected not in (ANY_SEQUENCE, len(notes)):
                raise PreconditionFailed("the data set was described anew: look again")
            notes.append(
                DataSetNote(
                    dataset_id=dataset_id,
                    sequence=len(notes) + 1,
                    noted_at=self._clock(),
                    changes=changes,
                    noted_by=noted_by,
                    reason=reason,
                    floor=floor,
                )
            )
            return notes[-1]

    def of(self, dataset_ids: Collection[str]) -> dict[str, list[DataSetNote]]:
        """Return the notes of some data sets, oldest first."""
        return {name: list(self._notes[name]) for name in dataset_ids if self._notes.get(name)}
