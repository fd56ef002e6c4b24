"""Times a group of requests: once per group, whatever is in it, and nothing per record."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from crispml_core.domain.errors import Conflict
from crispml_core.domain.timings import (
    COMMIT,
    DIGEST,
    MOST_REQUEST_IDS,
    SCORE,
    SCORING,
    WAIT,
    Call,
    Outcome,
)
from crispml_core.ports.timing_log import TimingLog
from crispml_core.serving.ledger_writer import Entry
from crispml_core.serving.plain_records import PlainRecord
from crispml_core.serving.scored import Scored


class GroupTiming:
    """One group, from the moment in which its first request came; begins when it is made.

    Parameters
    ----------
    log : TimingLog
        Is told.
    came_at : float
        When the first request came, by the performance counter.
    waiting : int
        How many requests wait, those of the group among them.
    """

    __slots__ = ("_begun", "_call", "_ended", "_log", "_scored")

    def __init__(self, log: TimingLog, came_at: float, waiting: int) -> None:
        self._log, self._ended = log, 0.0
        self._begun = self._scored = time.perf_counter()
        self._call = Call(
            method=SCORING,
            is_group=True,
            start=came_at,
            entered_ns=time.time_ns() - int((self._begun - came_at) * 1e9),
            waiting=waiting,
        )
        log.enter(self._call)

    def scored(self) -> None:
        """Note that the version has answered."""
        self._scored = time.perf_counter()

    def kept(self) -> None:
        """Note that the group is durable; `end` may come later and counts until here."""
        self._ended = time.perf_counter()

    def end(
        self,
        items: Sequence[Entry | PlainRecord],
        entries: Sequence[Entry],
        outcomes: Sequence[Scored | Exception],
        commit_s: float,
    ) -> None:
        """Note that the group is durable, or is not, and tell of it.

        Parameters
        ----------
        items : sequence of Entry or PlainRecord
            The requests.
        entries, outcomes : sequence
            What was made of them and what became of it; no outcomes when something broke.
        commit_s : float
            How long the store took.
        """
        if not entries:
            commit_s = 0.0  # it was not asked
        ended, call = self._ended or time.perf_counter(), self._call
        call.seconds = ended - call.start
        call.stages = {
            WAIT: self._begun - call.start,
            SCORE: self._scored - self._begun,
            DIGEST: max(0.0, ended - self._scored - commit_s),
            COMMIT: commit_s,
        }
        call.waiting -= len(items)
        if len(entries) == 1 or len({_use_case(entry) for entry in entries or items}) == 1:
            self._tell(call, entries or items, entries, outcomes, len(items))
        else:
            self._tell_each(items, entries, outcomes)

    def _tell_each(
        self,
        items: Sequence[Entry | PlainRecord],
        entries: Sequence[Entry],
        outcomes: Sequence[Scored | Exception],
    ) -> None:
        """Tell of requests for several use cases that were committed together, as one each."""
        for name, requests in Counter(map(_use_case, items)).items():
            mine = [number for number, entry in enumerate(entries) if _use_case(entry) == name]
            call = Call(**{field: getattr(self._call, field) for field in _COMMON})
            of = [item for item in items if _use_case(item) == name]
            kept = [outcomes[number] for number in mine] if outcomes else []
            self._tell(call, of, [entries[number] for number in mine], kept, requests)

    def _tell(
        self,
        call: Call,
        of: Sequence[Entry | PlainRecord],
        entries: Sequence[Entry],
        outcomes: Sequence[Scored | Exception],
        requests: int,
    ) -> None:
        call.use_case, call.requests = _use_case(of[0]), requests
        if entries:
            call.request_ids = entries[0].scores.request_ids[:MOST_REQUEST_IDS]
        if not outcomes:
            call.outcome = Outcome.ERROR
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                if not isinstance(outcome, Conflict):  # which is the mistake of a caller
                    call.outcome = Outcome.ERROR
            elif not outcome.replayed:
                call.rows += len(outcome.scores)
        self._log.exit(call)


# What the calls of one commit have in common.
_COMMON = (
    "method",
    "is_group",
    "entered_ns",
    "start",
    "seconds",
    "stages",
    "waiting",
    "at_entry",
)


def _use_case(item: Entry | PlainRecord) -> str:
    served = item.active.served if type(item) is PlainRecord else item.served  # type: ignore[union-attr]
    return served.use_case


class _Untimed(GroupTiming):
    """A group that nobody wants to know of."""

    __slots__ = ()

    def __init__(self) -> None:
        """Measure nothing."""

    def scored(self) -> None:
        """Do nothing."""

    def kept(self) -> None:
        """Do nothing."""

    def end(
        self,
        items: Sequence[Entry | PlainRecord],
        entries: Sequence[Entry],
        outcomes: Sequence[Scored | Exception],
        commit_s: float,
    ) -> None:
        """Do nothing."""


UNTIMED = _Untimed()
