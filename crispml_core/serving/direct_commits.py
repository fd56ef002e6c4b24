"""Commits to the ledger alone: for scores that may be lost while it is away."""

from __future__ import annotations

from collections.abc import Sequence

from crispml_core.domain.events import ServingEvent
from crispml_core.domain.scores import ScoreGroup
from crispml_core.ports.score_ledger import ScoreLedger
from crispml_core.serving.durable_ledger import DATABASE


class DirectCommits:
    """Commits without a journal behind the ledger; see `DurableLedger.commit`."""

    def __init__(self, ledger: ScoreLedger) -> None:
        self._ledger = ledger

    def commit(
        self, groups: Sequence[ScoreGroup], events: Sequence[ServingEvent], *, wait: bool = True
    ) -> str:
        """Commit a transaction; raises what `ScoreLedger.append` raises."""
        self._ledger.append(groups, events, wait=wait)
        return DATABASE
