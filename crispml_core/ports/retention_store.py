"""Where rows grow too old."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from crispml_core.domain.retention import Pruning, Retained, RetentionRule


class RetentionStore(Protocol):
    """Deletes what rules say is too old, in steps, and remembers what it deleted."""

    def due(self, rule: RetentionRule, cutoff: datetime) -> int:
        """Return how many rows are too old."""
        ...

    def prune(
        self, rule: RetentionRule, cutoff: datetime, *, at: datetime, limit: int
    ) -> Pruning | None:
        """Delete at most `limit` rows that are too old, and keep the pruning, in one transaction.

        An entry of the audit log with the digest of the pruning is part of the transaction.

        Returns
        -------
        Pruning or None
            None when no row is too old.
        """
        ...

    def prunings(
        self, *, table: Retained | None = None, limit: int = 50, before: str | None = None
    ) -> list[Pruning]:
        """Return prunings, newest first, older than the pruning `before`."""
        ...

    def pruned(self, table: Retained, keys: Sequence[str]) -> set[str]:
        """Return those of some keys whose rows were deleted by a rule; see `key_digest`.

        A pruning that the audit log does not vouch for counts for nothing. This reads every
        pruning of the table, for whoever has found a gap.
        """
        ...
