"""The durable record of the truth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from crispml_core.domain.labels import ImportedLabels, Label, LabelReceipt, StoredLabel

if TYPE_CHECKING:
    import pyarrow as pa


class LabelStore(Protocol):
    """Append-only labels; a correction supersedes and the history stays."""

    def add(
        self,
        use_case: str,
        labels: Sequence[Label],
        *,
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> LabelReceipt:
        """Store a few labels and say what became of each; else as `import_batches`."""
        ...

    def import_batches(
        self,
        use_case: str,
        batches: Iterable[pa.RecordBatch],
        *,
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> ImportedLabels:
        """Store any number of labels in one transaction, in bounded memory.

        Rows count in order: the second of two equal rows is a duplicate.

        Parameters
        ----------
        batches : iterable of pyarrow.RecordBatch
            With the columns of `crispml_core.tables.label_table.LABELS`. It may be gone through
            more than once.

        Raises
        ------
        InvalidRecords
            If a label was known more than `crispml_core.domain.labels.CLOCK_TOLERANCE` before the
            score that it names. Then nothing is stored.
        Conflict
            If the idempotency key is known with another fingerprint.
        """
        ...

    def verdicts(self, import_id: str) -> Iterator[pa.RecordBatch]:
        """Yield what became of each row of an import, in order.

        Columns ``row``, ``verdict``, ``label_id``; the last is null where nothing was stored.

        Raises
        ------
        NotFound
            If there is no such import.
        """
        ...

    def count_received(self, use_case: str, start: datetime, end: datetime) -> int:
        """Return how many labels were received in (start, end], corrections included."""
        ...

    def find(
        self,
        *,
        use_case: str | None = None,
        score_id: str | None = None,
        record_key: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[StoredLabel]:
        """Return labels with their history, newest first, older than the label `before`."""
        ...
