"""What lies in a journal becomes what is in the ledger: each transaction once, in its order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crispml_core.domain.errors import Conflict
from crispml_core.ports.journal import Journal, Transaction
from crispml_core.ports.score_ledger import ScoreLedger

# Several transactions of the journal become one of the ledger, so that the replay is faster than
# what comes in meanwhile.
_ROWS = 1000


class JournalReplay:
    """Brings journals into the ledger.

    A transaction is in the ledger whole or not at all, so one is known by its groups; one without
    groups is known by the conflict of its events. So it does no harm that a journal is replayed
    again, by another process, in other portions or at the same time.

    Parameters
    ----------
    ledger : ScoreLedger
        Where transactions belong.
    go_on : callable
        Asked before each step; raises a `CrispMLError` to end the replay.
    """

    def __init__(self, ledger: ScoreLedger, go_on: Callable[[Journal], None]) -> None:
        self._ledger, self._go_on = ledger, go_on

    def bring_home(self, journal: Journal, first: int = 0) -> int:
        """Bring in the transactions from number `first` on, and return how many there were."""
        done = rows = 0
        portion: list[Transaction] = []
        for transaction in journal.transactions(first):
            done += 1
            portion.append(transaction)
            groups, events = transaction
            rows += sum(group.rows for group in groups) + len(events)
            if rows >= _ROWS:
                self._bring(journal, portion)
                portion, rows = [], 0
        self._bring(journal, portion)
        return done

    def _bring(self, journal: Journal, portion: Sequence[Transaction]) -> None:
        self._go_on(journal)
        left = self._unknown(portion)
        if not left:
            return
        try:
            self._append(left)
        except Conflict:
            # Events that are known, or a group that came in since.
            for transaction in self._unknown(left):
                self._bring_one(transaction)

    def _bring_one(self, transaction: Transaction) -> None:
        try:
            self._append([transaction])
        except Conflict:
            if self._unknown([transaction]) and transaction[0]:
                raise

    def _unknown(self, portion: Sequence[Transaction]) -> list[Transaction]:
        ids = [group.group_id for groups, _ in portion for group in groups]
        stored = self._ledger.stored(ids) if ids else set()
        return [
            (groups, events)
            for groups, events in portion
            if (groups or events) and not any(group.group_id in stored for group in groups)
        ]

    def _append(self, portion: Sequence[Transaction]) -> None:
        self._ledger.append(
            [group for groups, _ in portion for group in groups],
            [event for _, events in portion for event in events],
        )
