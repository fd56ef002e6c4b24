"""The durable record of every score."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from crispml_core.domain.scores import Score, ScoreGroup

if TYPE_CHECKING:
    import pyarrow as pa


class ScoreLedger(Protocol):
    """Append-only scores in groups that are committed whole."""

    def append(self, group: ScoreGroup, scores: Sequence[Score]) -> tuple[ScoreGroup, list[Score]]:
        """Commit a group.

        Returns what is stored: the given group, or, when its idempotency key is known with the same
        fingerprint, the group and the scores of then.

        Raises
        ------
        Conflict
            If the idempotency key is known with another fingerprint.
        """
        ...

    def replay(
        self, use_case: str, idempotency_key: str, fingerprint: str
    ) -> tuple[ScoreGroup, list[Score]] | None:
        """Return what a key stored, or None; raise `Conflict` when the fingerprint differs."""
        ...

    def last_root(self, writer_id: str) -> tuple[int, bytes]:
        """Return the last sequence and root of a writer; (0, 32 zero bytes) for a new one."""
        ...

    def get(self, score_id: str) -> Score:
        """Return one score, or raise `NotFound`."""
        ...

    def group(self, group_id: str) -> ScoreGroup:
        """Return one group with its inputs, or raise `NotFound`."""
        ...

    def find(
        self,
        *,
        use_case: str | None = None,
        version: str | None = None,
        record_key: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[Score]:
        """Return scores of [start, end), newest first, older than the score `before`."""
        ...

    def with_labels(
        self,
        use_case: str,
        *,
        start: datetime | None,
        end: datetime | None,
        version: str | None = None,
        as_of: datetime | None = None,
    ) -> pa.Table:
        """Return the scores of a window [start, end), each joined to at most one label.

        A score takes the current label under its own id, else the current label under its record
        key. With `as_of`, only scores and labels that were stored until then count.

        Returns
        -------
        pyarrow.Table
            Columns ``score_id, record_key, version, prediction, probability, probabilities`` (JSON
            text), ``segments`` (JSON text), ``scored_at, label, label_time, received_at``;
            `prediction` and `label` as text, label columns null where there is no label. Ordered by
            score_id.
        """
        ...
