"""Commits that survive the database: while it is away, they go to a journal on a volume."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from crispml_core.domain.errors import CrispMLError, StoreUnavailable, WouldWait
from crispml_core.domain.events import ServingEvent
from crispml_core.domain.scores import ScoreGroup
from crispml_core.ports.journal import JournalTaken
from crispml_core.ports.score_ledger import ScoreLedger
from crispml_core.serving.journal_replay import JournalReplay

if TYPE_CHECKING:
    from crispml_core.ports.journal import Journal, Journals

DATABASE, JOURNAL = "database", "journal"


class NowhereKept(StoreUnavailable):
    """Raised when a transaction is certainly nowhere: the ledger was not even asked."""


class DurableLedger:
    """A transaction is committed to the ledger or, while that is away, forced to a journal.

    Once a transaction lies in the journal, those after it go there too, so that the ledger gets
    them in their order. A thread of its own tries to replay the journal; when it has caught up,
    transactions go to the ledger again. Replaying is exact, see `JournalReplay`.

    On a volume that machines share another process may take the journal over while this one cannot
    be heard. Then it brings home what was acknowledged, and this one goes on with a new journal.

    Parameters
    ----------
    ledger : ScoreLedger
        Where transactions belong.
    journals : Journals
        Gives the journal of this process, and those of processes that are gone.
    retry_s : float
        Time between two attempts to replay.
    drain_s : float
        How long `close` tries to bring the journal into the ledger.
    on_error : callable
        Told about each failure of the ledger and the journal.
    """

    def __init__(
        self,
        ledger: ScoreLedger,
        journals: Journals,
        *,
        retry_s: float = 0.5,
        drain_s: float = 0.0,
        on_error: Callable[[str, CrispMLError], None] = lambda what, error: None,
    ) -> None:
        self._ledger, self._journals = ledger, journals
        self._journal = journals.open()
        self._given_up: list[Journal] = []
        self._replay_of = JournalReplay(ledger, self._go_on)
        self._until = 0.0  # a stopping process brings its journal home until this moment
        self._refusal: str | None = None
        self._retry_s, self._drain_s, self._on_error = retry_s, drain_s, on_error
        self._lock = threading.Lock()
        self._waiting = self._damaged_bytes = 0
        self._reason: str | None = None
        self._stop, self._away = threading.Event(), threading.Event()
        self._replayer = threading.Thread(target=self._replay, name="journal-replay", daemon=True)
        self._replayer.start()

    @property
    def waiting(self) -> int:
        """How many transactions lie in the journal of this process."""
        return self._waiting

    @property
    def reason(self) -> str | None:
        """Why transactions go to the journal; None while they go to the database."""
        return self._reason

    @property
    def refusal(self) -> str | None:
        """Why the journal did not take what it was last given; None when it did."""
        return self._refusal

    @property
    def damaged_bytes(self) -> int:
        """How many bytes of journals were damaged, and put aside beside them."""
        return self._damaged_bytes

    def commit(
        self, groups: Sequence[ScoreGroup], events: Sequence[ServingEvent], *, wait: bool = True
    ) -> str:
        """Make a transaction durable and say where: `DATABASE` or `JOURNAL`.

        Parameters
        ----------
        wait : bool
            Whether the caller can wait for a database that is busy, away or behind a network.

        Raises
        ------
        WouldWait
            If the caller cannot wait and would have to; then nothing is stored.
        Conflict
            If something in it is stored already; then nothing of it is.
        StoreUnavailable
            If neither takes it. A transaction that may lie in the ledger all the same is found by
            its writer and sequence; if it cannot, this is a `NowhereKept`.
        """
        if not wait and self._waiting:
            raise WouldWait
        refusal: type[StoreUnavailable] = StoreUnavailable
        if self._is_home():
            try:
                self._ledger.append(groups, events, wait=wait)
                return DATABASE
            except StoreUnavailable as error:
                self._on_error("ledger", error)
                reason = error.message
        else:
            reason, refusal = self._reason or "", NowhereKept
        if any(group.idempotency_key is not None for group in groups):
            raise refusal(
                "the database is away, so nobody can tell whether this Idempotency-Key was used: "
                "try again later, or send new records without a key"
            )
        with self._lock:
            try:
                self._force(groups, events)
            except StoreUnavailable as error:
                self._refusal = error.message
                raise refusal(error.message) from error
            self._waiting += 1
            self._reason, self._refusal = reason, None
        self._away.set()
        return JOURNAL

    def _force(self, groups: Sequence[ScoreGroup], events: Sequence[ServingEvent]) -> None:
        """Force a transaction to the journal, or to a new one when that was taken over."""
        try:
            self._journal.append(groups, events)
        except JournalTaken as error:
            self._change_journal(error)
            self._journal.append(groups, events)

    def _change_journal(self, why: StoreUnavailable) -> None:
        """Go on with a new journal; the lock is held."""
        self._on_error("journal", why)
        fresh = self._journals.open()
        self._given_up.append(self._journal)
        self._journal, self._waiting = fresh, 0
        self._reason = self._refusal = None

    def _is_home(self) -> bool:
        """Return whether nothing lies in the journal.

        Who comes during the last pass of a replay waits for its end. Else each replay would find
        one more transaction in the journal, and under load the database would not be used again.
        """
        if not self._waiting:
            return True
        with self._lock:
            return not self._waiting

    def close(self) -> None:
        """Bring the journal home, as far as there is time, and leave the rest to the next process.

        Afterwards `waiting` says how many transactions are left.
        """
        self._until = time.monotonic() + self._drain_s
        self._stop.set()
        self._away.set()
        self._replayer.join()
        while self._waiting and time.monotonic() < self._until:
            self._try(self._drain, "journal")
            if self._waiting:
                time.sleep(max(0.0, min(self._retry_s, self._until - time.monotonic())))
        self._close_given_up()
        if self._waiting:
            self._journal.close()
        else:
            self._journal.remove()
        self._journals.close()

    def _replay(self) -> None:
        adopt_in = 0
        while not self._stop.is_set():
            self._close_given_up()
            if self._waiting and not self._stop.wait(self._retry_s):
                self._try(self._drain, "journal")
            elif not self._waiting:
                if self._refusal is not None:
                    self._try(self._look, "ledger")
                if adopt_in <= 0:
                    self._try(self._adopt, "orphan")
                    adopt_in = _ADOPT_EVERY
                adopt_in -= 1
                self._away.wait(self._retry_s)
                self._away.clear()

    def _try(self, step: Callable[[], None], what: str) -> None:
        try:
            step()
        except CrispMLError as error:
            self._on_error(what, error)

    def _look(self) -> None:
        """Find out whether the ledger takes again what neither of the two took."""
        self._ledger.append((), ())
        self._refusal = None

    def _drain(self) -> None:
        """Bring the journal home; the last transactions while no other can come."""
        journal = self._journal
        done = passes = 0
        try:
            while True:
                known, passes = self._waiting, passes + 1
                done += self._replay_of.bring_home(journal, done)
                with self._lock:
                    if self._journal is not journal:
                        return
                    # As long as many come during a pass, nobody has to wait for the next one.
                    if self._waiting - known > _FEW and passes < _MOST_PASSES:
                        continue
                    if self._waiting > known:
                        self._replay_of.bring_home(journal, done)
                    self._note_damage(journal)
                    journal.clear()
                    self._waiting, self._reason, self._refusal = 0, None, None
                    return
        except JournalTaken as error:
            with self._lock:
                if self._journal is journal:
                    self._change_journal(error)

    def _adopt(self) -> None:
        with self._lock:
            if self._journal.is_taken:
                self._change_journal(JournalTaken("the journal of this process was taken over"))
        for journal in self._journals.orphans():
            try:
                self._replay_of.bring_home(journal)
                self._note_damage(journal)
                journal.remove()
            except CrispMLError as error:  # which must not keep the other journals where they are
                self._on_error("orphan", error)
            finally:
                journal.close()

    def _close_given_up(self) -> None:
        """Close journals that others have, in the thread that may have been reading them."""
        while self._given_up:
            self._given_up.pop().close()

    def _note_damage(self, journal: Journal) -> None:
        """Count what was lost; the journal has put it aside."""
        if journal.damaged_bytes:
            self._damaged_bytes += journal.damaged_bytes
            self._on_error(
                "journal",
                StoreUnavailable(
                    f"{journal.damaged_bytes} bytes of a journal are damaged and not in the "
                    "database; they were put aside beside it"
                ),
            )

    def _go_on(self, journal: Journal) -> None:
        if self._stop.is_set() and time.monotonic() >= self._until:
            raise StoreUnavailable("the process ends; the next one replays the journal")
        if journal.is_taken:
            raise JournalTaken("the journal of this process was taken over")


_ADOPT_EVERY = 10
# The rest of a journal that is replayed while commits wait: so many transactions, or what is left
# after so many passes.
_FEW, _MOST_PASSES = 16, 20
