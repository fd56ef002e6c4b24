"""No journal, for a process whose work can wait for the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.events import ServingEvent
from crispml_core.domain.scores import ScoreGroup
from crispml_core.ports.journal import Transaction


class NoJournal:
    """Takes nothing; see `crispml_core.ports.journal.Journal`."""

    name = "none"
    damaged_bytes = 0
    is_taken = False

    def append(self, groups: Sequence[ScoreGroup], events: Sequence[ServingEvent] = ()) -> None:
        """Refuse a transaction."""
        raise StoreUnavailable("the database is away, and this process has no journal")

    def transactions(self, first: int = 0) -> Iterator[Transaction]:
        """Return nothing."""
        return iter(())

    def clear(self) -> None:
        """Do nothing."""

    def remove(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class NoJournals:
    """No journals at all; see `crispml_core.ports.journal.Journals`."""

    def open(self, name: str | None = None) -> NoJournal:
        """Return a journal that takes nothing."""
        return NoJournal()

    def orphans(self) -> Iterator[NoJournal]:
        """Return nothing: another process takes over the journals of those that are gone."""
        return iter(())

    def close(self) -> None:
        """Do nothing."""
