"""The durable record of the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crispml_core.domain.scores import Label, LabelReceipt, StoredLabel


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
        """Store the labels in one transaction and say what became of each row.

        Rows of one call count in order: the second of two equal rows is a duplicate.

        Raises
        ------
        Conflict
            If the idempotency key is known with another fingerprint.
        """
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
