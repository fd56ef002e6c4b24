"""Shadow scores: the challenger scores what the champion answered, when the answer is sent.

Nothing here may slow the champion or break it. What is to be scored waits in a queue of its own,
which drops what it has no room for and counts it. One thread works on it in small slices, and rests
after each for longer than it took, so that the lock of the interpreter is free most of the time. It
has no lower priority in the operating system: a thread that holds that lock and is not let on by
the machine would keep all others waiting. Its scores are committed seldom, by a hash chain of their
own, and never through the journal.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from crispml_core.domain.errors import describe_failure
from crispml_core.domain.events import EventKind, ServingEvent
from crispml_core.domain.scores import ScoreRows
from crispml_core.serving.challengers import Challenger
from crispml_core.serving.ledger_writer import Entry, LedgerWriter, Served
from crispml_core.serving.scored import ScoreCall, Scored

OnShadow = Callable[[Served, str, int], None]
"""Told about shadow scores: the challenger, an outcome, and how many."""

KEPT, FULL, FAILED, AWAY = "kept", "queue_full", "challenger_failed", "store_away"
OUTCOMES = (KEPT, FULL, FAILED, AWAY)


@dataclass(slots=True)
class Shadow:
    """Records of one committed group, to be scored by a challenger.

    Parameters
    ----------
    group_id : str
        The group; the records are all of its rows, in their order.
    records : list of tuple, or pyarrow.RecordBatch
        Values in the order of the record schema.
    """

    challenger: Challenger
    group_id: str
    records: Any
    request_ids: Sequence[str]


class ShadowScores:
    """Scores in the shadow, in a thread of its own that is there once there is a challenger.

    Parameters
    ----------
    writer : LedgerWriter
        Commits; used by the thread only.
    capacity : int
        How many records may wait; what comes beyond is dropped.
    """

    def __init__(self, writer: LedgerWriter, *, capacity: int = 100_000) -> None:
        self._writer, self._capacity = writer, capacity
        self._on_shadow: OnShadow = lambda served, outcome, rows: None
        self._note: Callable[[ServingEvent], None] = lambda event: None
        self._queue: deque[Shadow] = deque()
        self._waiting = 0
        self._lock = threading.Lock()
        self._has_work, self._stop = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._step = _FEWEST
        self._failing: set[str] = set()

    @property
    def waiting(self) -> int:
        """How many records wait."""
        return self._waiting

    def watch(self, on_shadow: OnShadow, note: Callable[[ServingEvent], None]) -> None:
        """Tell somebody about scores that were kept or dropped, and about a challenger that fails.

        Parameters
        ----------
        on_shadow : callable
            Told the challenger, one of `OUTCOMES` and the number of scores.
        """
        self._on_shadow, self._note = on_shadow, note

    def offer(self, shadow: Shadow) -> None:
        """Have records scored, or drop them; returns at once, from any thread."""
        rows = len(shadow.request_ids)
        with self._lock:
            has_room = self._waiting + rows <= self._capacity and not self._stop.is_set()
            if has_room:
                self._waiting += rows
                self._queue.append(shadow)
                if self._thread is None:
                    self._begin()
        if has_room:
            self._has_work.set()
        else:
            self._on_shadow(shadow.challenger.shadow, FULL, rows)

    def close(self) -> None:
        """Stop: what was scored is committed, what waits is dropped; takes no longer than `LAST_S`.

        A challenger that hangs is left alone: its thread does not keep the process alive, and
        commits nothing any more.
        """
        self._stop.set()
        self._has_work.set()
        if self._thread is not None:
            self._thread.join(LAST_S)

    def _begin(self) -> None:
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        scored: list[Entry] = []
        due = 0.0
        while not self._stop.is_set():
            if not self._has_work.wait(COMMIT_S if scored else None):
                due = 0.0
            elif self._queue:
                # The answers go first; and what comes meanwhile is scored together.
                self._stop.wait(_PAUSE_S)
                if not scored:
                    due = time.monotonic() + COMMIT_S
                scored += self._next()
            if not self._queue:
                self._has_work.clear()
                if self._queue:  # somebody came in between
                    self._has_work.set()
            if scored and (time.monotonic() >= due or _rows(scored) >= _COMMIT_ROWS):
                self._keep(scored)
                scored = []
        if scored:
            self._keep(scored)

    def _next(self) -> list[Entry]:
        """Score the oldest that waits, with others for the same challenger."""
        first = self._queue.popleft()
        together, rows = [first], len(first.request_ids)
        if isinstance(first.records, Sequence):
            while rows < self._step and self._queue and _can_join(first, self._queue[0]):
                together.append(self._queue.popleft())
                rows += len(together[-1].request_ids)
        with self._lock:
            self._waiting -= rows
        served = first.challenger.shadow
        try:
            scores = self._scores(first.challenger, together)
        except Exception as error:
            self._on_shadow(served, FAILED, rows)
            self._tell(served, error)
            return []
        if scores is None:
            return []
        self._failing.discard(served.version)
        return [
            Entry(_call(served), served, part, [()] * len(part), shadow_of=shadow.group_id)
            for shadow, part in zip(together, scores, strict=True)
        ]

    def _scores(self, challenger: Challenger, together: Sequence[Shadow]) -> list[ScoreRows] | None:
        """Return the scores of each, slice by slice; None if the process ends meanwhile."""
        records = together[0].records
        if len(together) > 1:
            records = [record for shadow in together for record in shadow.records]
        request_ids = [each for shadow in together for each in shadow.request_ids]
        parts: list[ScoreRows] = []
        start = 0
        while start < len(request_ids):
            if self._stop.is_set():
                return None
            step = self._step if isinstance(records, Sequence) else max(self._step, _FEWEST_COLUMNS)
            begin = time.perf_counter()
            part, _ = challenger.loaded.method.run(_slice(records, start, step))
            took = time.perf_counter() - begin
            parts.append(part)
            start += step
            self._pace(took)
        scores = ScoreRows.joined(parts)
        scores.request_ids = request_ids
        pieces, first = [], 0
        for shadow in together:
            pieces.append(scores.part(first, first + len(shadow.request_ids)))
            first += len(shadow.request_ids)
        return pieces

    def _pace(self, took: float) -> None:
        """Choose the next slice so that it takes about `_SLICE_S`, and rest."""
        wanted = self._step * _SLICE_S / max(took, 1e-6)
        self._step = int(min(max(wanted, self._step / 2, _FEWEST), self._step * 2, _MOST))
        self._stop.wait(min(took * (1.0 / SHARE - 1.0), _LONGEST_REST_S))

    def _keep(self, entries: list[Entry]) -> None:
        try:
            outcomes = self._writer.commit(entries)
        except Exception as error:
            outcomes = [error] * len(entries)
        for entry, outcome in zip(entries, outcomes, strict=True):
            kept = AWAY if isinstance(outcome, Exception) else KEPT
            self._on_shadow(entry.served, kept, len(entry.scores))

    def _tell(self, served: Served, error: Exception) -> None:
        """Note that a challenger fails, once until it works again."""
        if served.version in self._failing:
            return
        self._failing.add(served.version)
        self._note(challenger_failed(served, error))


def shadow_of(entry: Entry, scored: Scored) -> Shadow:
    """Return what is to be scored of an entry that is a group of its own."""
    assert entry.shadow is not None
    return Shadow(entry.shadow, scored.group_id, entry.records, entry.scores.request_ids)


def shadows(entries: Sequence[Entry], outcomes: Sequence[Scored | Exception]) -> list[Shadow]:
    """Return what is to be scored of committed entries, group by group.

    A group is scored whole or not at all, so that its rows and those of its shadow are pairs: in
    the moment in which a challenger comes or goes some of its entries may know it and some not.
    """
    if all(entry.shadow is None for entry in entries):
        return []
    groups: dict[str, list[tuple[Entry, Scored]]] = {}
    for entry, outcome in zip(entries, outcomes, strict=True):
        if isinstance(outcome, Scored) and not outcome.replayed:
            groups.setdefault(outcome.group_id, []).append((entry, outcome))
    found = []
    for group_id, members in groups.items():
        challenger = members[0][0].shadow
        if challenger is None or any(entry.shadow is not challenger for entry, _ in members):
            continue
        members.sort(key=lambda member: member[1].offset)
        first = members[0][0]
        if len(members) == 1:
            found.append(Shadow(challenger, group_id, first.records, first.scores.request_ids))
            continue
        records = [record for entry, _ in members for record in entry.records]
        request_ids = [each for entry, _ in members for each in entry.scores.request_ids]
        found.append(Shadow(challenger, group_id, records, request_ids))
    return found


def challenger_failed(served: Served, error: Exception) -> ServingEvent:
    """Return the event of a challenger that raised."""
    return ServingEvent(
        kind=EventKind.FAILED,
        code="challenger_failed",
        use_case=served.use_case,
        version=served.version,
        detail=f"the challenger failed: {describe_failure(error)}",
    )


SHARE = 0.25
"""The share of the time that the thread works."""
COMMIT_S = 0.5
"""How long scores wait for others to be committed with."""
LAST_S = 0.5
"""How long the end of the process waits for what was scored."""
_PAUSE_S = 0.01
_SLICE_S = 0.002
_LONGEST_REST_S = 1.0
# So many records cost a pipeline of scikit-learn about as much as one.
_FEWEST, _FEWEST_COLUMNS, _MOST = 32, 1024, 8192
_COMMIT_ROWS = 10_000


def _can_join(first: Shadow, other: Shadow) -> bool:
    return other.challenger is first.challenger and isinstance(other.records, Sequence)


def _slice(records: Any, start: int, step: int) -> Any:
    if isinstance(records, Sequence):
        return records[start : start + step]
    return records.slice(start, step)


def _rows(entries: Sequence[Entry]) -> int:
    return sum(len(entry.scores) for entry in entries)


def _call(served: Served) -> ScoreCall:
    return ScoreCall(use_case=served.use_case, alias=served.alias)
