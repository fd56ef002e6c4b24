"""What was decided about versions: approvals, refusals, and when the glass was broken."""

from __future__ import annotations

from typing import Protocol

from crispml_core.domain.approval import VersionDecision


class ApprovalLog(Protocol):
    """An append-only log of decisions about versions."""

    def add(self, decision: VersionDecision) -> VersionDecision:
        """Keep a decision; one of the same id is kept once.

        Returns
        -------
        VersionDecision
            As it is kept. It is later than every other one about the version, whatever the clock
            says.
        """
        ...

    def decisions(self, model: str, version: str) -> list[VersionDecision]:
        """Return all decisions about a version, oldest first."""
        ...

    def broken_glass(self, model: str) -> list[VersionDecision]:
        """Return when versions of a model were let answer without an approval, oldest first."""
        ...
