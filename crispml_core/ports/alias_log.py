"""Where aliases point, and where they pointed before."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from crispml_core.domain.models import AliasEvent


class AliasLog(Protocol):
    """An append-only log of alias moves, with one sequence per model."""

    def move(
        self,
        model: str,
        alias: str,
        version: str,
        *,
        expected: str | None,
        moved_by: str = "",
        reason: str = "",
        digest: str = "",
        traffic: float = 0.0,
    ) -> AliasEvent:
        """Point the alias at `version`.

        Parameters
        ----------
        expected : str or None
            The version it must point at now; None when it must not exist yet; `ANY_VERSION` to move
            in any case.
        digest : str
            Digest of the version, which the move is bound to.
        traffic : float
            The share of the records that a challenger answers, in [0, 1).

        Raises
        ------
        PreconditionRequired
            If the alias exists and `expected` is None.
        PreconditionFailed
            If it points elsewhere.
        """
        ...

    def current(self, model: str, alias: str, at: datetime | None = None) -> AliasEvent | None:
        """Return the newest move, or the newest until the moment `at`; None once it is removed."""
        ...

    def remove(
        self, model: str, alias: str, *, expected: str | None, moved_by: str = "", reason: str = ""
    ) -> AliasEvent:
        """Let the alias point nowhere, as an event of its own; a later move makes it again.

        Raises
        ------
        NotFound
            If it points nowhere already.
        PreconditionRequired, PreconditionFailed
            As `move` does; None is never what it points at.
        """
        ...

    def aliases(self, model: str) -> dict[str, AliasEvent]:
        """Return where every alias of the model points; those that were removed are left out."""
        ...

    def newest(self, model: str) -> dict[str, AliasEvent]:
        """Return the newest event of every alias that the model ever had, removals included."""
        ...

    def highest(self) -> dict[str, int]:
        """Return the sequence of the newest move of every model."""
        ...

    def move_counts(self) -> dict[tuple[str, str], int]:
        """Return how often each alias of each model moved, removals included."""
        ...

    def moves_to(self, model: str, version: str) -> list[AliasEvent]:
        """Return every move of any alias to a version, oldest first."""
        ...

    def history(self, model: str, alias: str) -> list[AliasEvent]:
        """Return every move, newest first."""
        ...
