"""Where committed work waits while the database is away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.events import ServingEvent
from crispml_core.domain.scores import ScoreGroup

Transaction = tuple[list[ScoreGroup], list[ServingEvent]]


class JournalTaken(StoreUnavailable):
    """Raised when another process has taken a journal over.

    It brings home what was acknowledged; what was not has to go into a new journal.
    """


class Journal(Protocol):
    """Transactions in the order in which they came; of one process at any moment."""

    @property
    def name(self) -> str:
        """What the journal is called; no two have the same name."""
        ...

    @property
    def damaged_bytes(self) -> int:
        """How many bytes the last reading found damaged; they are kept beside the journal."""
        ...

    @property
    def is_taken(self) -> bool:
        """Whether another process has taken it over, as far as this one knows."""
        ...

    def append(self, groups: Sequence[ScoreGroup], events: Sequence[ServingEvent] = ()) -> None:
        """Force a transaction to the volume before this returns.

        Raises
        ------
        StoreUnavailable
            If the volume does not take it; then nothing of it is kept.
        JournalTaken
            If another process has taken the journal over; then it may be kept or not.
        """
        ...

    def transactions(self, first: int = 0) -> Iterator[Transaction]:
        """Return what was appended until now, oldest first, without the first ones.

        A transaction that is damaged is left out; one that was never acknowledged because the
        process died while it wrote it is dropped.
        """
        ...

    def clear(self) -> None:
        """Forget every transaction, because all of them are in the database."""
        ...

    def remove(self) -> None:
        """Forget every transaction and the journal itself."""
        ...

    def close(self) -> None:
        """Let go of the journal; what is in it stays for another process."""
        ...


class Journals(Protocol):
    """The journals of all processes."""

    def open(self, name: str | None = None) -> Journal:
        """Return a new journal for this process, under a new name unless one is given.

        Raises
        ------
        StoreUnavailable
            If there is one of this name already, or its folder cannot be used.
        """
        ...

    def orphans(self) -> Iterator[Journal]:
        """Take over, one by one, the journals whose processes are gone.

        No two processes get the same one. Whoever gets it closes it.
        """
        ...

    def close(self) -> None:
        """Let go of the folder; what lies in it stays for others."""
        ...
