"""The writer of the score ledger: one hash chain per process."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from crispml_core.domain.identifiers import new_id
from crispml_core.domain.scores import Score, ScoreGroup, chain_root
from crispml_core.ports.score_ledger import ScoreLedger


class LedgerWriter:
    """Gives each group its place in the chain of this process and commits it.

    A group that fails to commit leaves the chain where it was; a group that was answered from an
    earlier one with the same idempotency key takes no place.

    Parameters
    ----------
    ledger : ScoreLedger
        Where groups are committed.
    writer_id : str, optional
        A chain to go on with; a new one without it.
    """

    def __init__(self, ledger: ScoreLedger, writer_id: str | None = None) -> None:
        self._ledger = ledger
        self._writer_id = writer_id or str(new_id())
        self._lock = threading.Lock()
        self._sequence, self._root = 0, bytes(32)
        self._is_sure = writer_id is None

    @property
    def writer_id(self) -> str:
        """Name of the chain."""
        return self._writer_id

    def append(
        self, group: ScoreGroup, scores: Sequence[Score]
    ) -> tuple[ScoreGroup, list[Score], bool]:
        """Commit a group; returns what is stored and whether it was stored before."""
        with self._lock:
            if not self._is_sure:
                self._sequence, self._root = self._ledger.last_root(self._writer_id)
            sequence = self._sequence + 1
            chained = replace(
                group,
                writer_id=self._writer_id,
                sequence=sequence,
                previous_root=self._root,
                root=chain_root(self._root, self._writer_id, sequence, group.row_digests),
            )
            # A commit whose answer was lost may have taken the place: after an error, look.
            self._is_sure = False
            stored, rows = self._ledger.append(chained, scores)
            self._is_sure = True
            is_new = stored.group_id == chained.group_id
            if is_new:
                self._sequence, self._root = sequence, chained.root
            return stored, rows, not is_new
