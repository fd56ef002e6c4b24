"""A log of decisions about versions in memory."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

from crispml_core.domain.approval import DecisionKind, VersionDecision


class FakeApprovalLog:
    """Decisions that are forgotten with the process."""

    def __init__(self) -> None:
        self._decisions: dict[str, VersionDecision] = {}
        self._lock = threading.Lock()

    def add(self, decision: VersionDecision) -> VersionDecision:
        """Keep a decision; one of the same id is kept once."""
        with self._lock:
            others = self.decisions(decision.model, decision.version)
            if others and decision.decided_at <= others[-1].decided_at:
                later = others[-1].decided_at + timedelta(microseconds=1)
                decision = replace(decision, decided_at=later)
            return self._decisions.setdefault(decision.approval_id, decision)

    def decisions(self, model: str, version: str) -> list[VersionDecision]:
        """Return all decisions about a version, oldest first."""
        return sorted(
            (
                one
                for one in self._decisions.values()
                if (one.model, one.version) == (model, version)
            ),
            key=_place,
        )

    def broken_glass(self, model: str) -> list[VersionDecision]:
        """Return when versions of a model were let answer without an approval, oldest first."""
        return sorted(
            (
                one
                for one in self._decisions.values()
                if one.model == model and one.kind is DecisionKind.BREAK_GLASS
            ),
            key=_place,
        )


def _place(decision: VersionDecision) -> tuple[object, str]:
    return decision.decided_at, decision.approval_id
