"""What people said about data sets since they were made."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

from crispml_core.domain.catalogue import DataSetNote

ANY_SEQUENCE = -1
"""Instead of the expected sequence: note in any case."""


class DataSetNotes(Protocol):
    """Append-only notes, with one sequence per data set."""

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
        """Append a note.

        Parameters
        ----------
        expected : int
            The sequence of the newest note now, 0 when there is none, or `ANY_SEQUENCE`.

        Raises
        ------
        PreconditionFailed
            If another note came since.
        """
        ...

    def of(self, dataset_ids: Collection[str]) -> dict[str, list[DataSetNote]]:
        """Return the notes of some data sets, oldest first; those without notes are left out."""
        ...
