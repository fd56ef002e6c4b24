"""The scoring engine: validated records in, durable scores out; every dialect calls it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from crispml_core.domain.errors import CrispMLError
from crispml_core.domain.events import ServingEvent
from crispml_core.domain.models import CHAMPION
from crispml_core.ports.score_ledger import ScoreLedger
from crispml_core.ports.timing_log import TimingLog
from crispml_core.ports.tracer import Tracer
from crispml_core.serving.active import Active
from crispml_core.serving.answering import Answering
from crispml_core.serving.batcher import Batcher, Tell
from crispml_core.serving.challengers import Challenger
from crispml_core.serving.durable_ledger import DurableLedger
from crispml_core.serving.event_queue import EventQueue
from crispml_core.serving.group_timings import UNTIMED, GroupTiming
from crispml_core.serving.ledger_writer import Entry, LedgerWriter, Served, replayed
from crispml_core.serving.live_models import LiveModels
from crispml_core.serving.plain_records import PlainRecord, answered, gathered
from crispml_core.serving.scored import ScoreCall, Scored
from crispml_core.serving.shadow import ShadowScores, challenger_failed, shadow_of, shadows
from crispml_core.serving.splitting import call_of_rest, divided, merged, named, rest_of
from crispml_core.serving.store_pace import StorePace
from crispml_core.serving.upkeep import Upkeep

if TYPE_CHECKING:
    import pyarrow as pa

Committed = tuple[Scored, int]
"""Durable scores, and the row of the first that belongs to a request."""

OnCommit = Callable[[Mapping[Served, int], float], None]
OnEvent = Callable[[ServingEvent], None]


class ScoringEngine:
    """Answers records by the version that an alias means, and makes the scores durable.

    Parameters
    ----------
    models : LiveModels
        What serves.
    ledger : ScoreLedger
        Asked about idempotency keys.
    writer : LedgerWriter
        Commits; used by the thread of the engine only.
    capacity : int
        How many requests may wait for their commit.
    deadline_s : float
        How long a request may wait for it.
    durable : DurableLedger
        What the writer commits to; its state is part of the readiness.
    shadow : ShadowScores, optional
        Scores what the champion answered; without it nobody does.
    timings : TimingLog, optional
        Is told of every group.
    upkeep : Upkeep, optional
        What the thread of the commits does in its idle times; none where it has its own.
    tracer : Tracer, optional
        Follows requests that are traced.
    """

    def __init__(
        self,
        models: LiveModels,
        ledger: ScoreLedger,
        writer: LedgerWriter,
        durable: DurableLedger,
        *,
        capacity: int = 4096,
        deadline_s: float = 30.0,
        shadow: ShadowScores | None = None,
        timings: TimingLog | None = None,
        upkeep: Upkeep | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.models, self.durable, self.shadow = models, durable, shadow
        self._ledger, self._writer, self._timings = ledger, writer, timings
        self._on_commit: OnCommit = lambda rows, seconds: None
        self._on_event: OnEvent = lambda event: None
        self._events = EventQueue()
        self._failed_at = -math.inf  # when a failure of a challenger was noted
        self._pace, self._upkeep = StorePace(), upkeep
        self._untold: list[Callable[[], None]] = []  # of commits in the event loop
        self._commits: Batcher[Entry | PlainRecord, Committed] = Batcher(
            self._commit,
            capacity=capacity,
            deadline_s=deadline_s,
            at_once=self._commit_at_once,
            after=self._tell_of_lone,
            idle=self._idle,
            name="ledger-writer",
        )
        self._answering = Answering(capacity=capacity, deadline_s=deadline_s, tracer=tracer)
        models.watch(self.note)

    @property
    def load(self) -> float:
        """How full the queue is, from 0 to 1."""
        return max(self._commits.waiting / self._commits.capacity, self._answering.load)

    @property
    def dropped_events(self) -> int:
        """How many events were not kept, because more came than could be written."""
        return self._events.dropped

    def watch(self, on_commit: OnCommit, on_event: OnEvent) -> None:
        """Tell somebody about every group (its rows by version, its seconds) and every event."""
        self._on_commit, self._on_event = on_commit, on_event

    def note(self, event: ServingEvent) -> None:
        """Keep an event; it is committed with the next group, or when there is nothing to do."""
        self._events.add(event)
        self._on_event(event)

    def score_plain(self, plain: PlainRecord, tell: Tell[Committed]) -> None:
        """Score one record, and tell its durable score or why there is none: the hot path.

        Raises
        ------
        Overloaded
            If too much waits already.
        """
        self._commits.tell(plain, tell)

    async def score(
        self, call: ScoreCall, records: Sequence[tuple[Any, ...]] | pa.RecordBatch
    ) -> Scored:
        """Answer validated records; when this returns, their scores are durable.

        Parameters
        ----------
        records : sequence of tuple, or pyarrow.RecordBatch
            Values in the order of the record schema.

        Raises
        ------
        IdempotencyKeyReused
            If the key came with another request before.
        NotFound, NotReady
            If there is no such use case, alias or version, or none can serve.
        Overloaded, DeadlineExceeded
            If too much waits already, or the commit takes too long.
        StoreUnavailable
            If neither the database nor the journal takes the scores.
        """
        return await self.score_with(None, call, records)

    async def replay(self, call: ScoreCall, records: Any) -> Scored | None:
        """Return what an earlier request with the same key and records stored, if any."""
        if call.idempotency_key is None:
            return None
        stored = await self._answering.in_thread(
            self._ledger.replay, call.use_case, call.idempotency_key, call.fingerprint
        )
        if stored is None:
            return None
        return replayed(stored, self.models.privacy(call.use_case), records)

    async def active(self, call: ScoreCall) -> Active:
        """Return the version that shall answer a call."""
        if call.version is not None:
            named: Active = await self._answering.in_thread(
                self.models.version, call.use_case, call.version
            )
            return named
        alias = call.alias or CHAMPION
        found = self.models.find(call.use_case, alias)
        if found is None:
            found = await self._answering.in_thread(self.models.resolve, call.use_case, alias)
        return found

    async def going_on(self, scored: Scored, call: ScoreCall) -> Active:
        """Return what answers the further parts of a long request as it answered the first."""
        if not call.names_version:
            champion = await self.active(call)
            if scored.versions is not None or champion.served.version == scored.version:
                return champion
        named_call = replace(call, alias=None, version=scored.version)
        named_version = await self.active(named_call)
        return named_version if call.version else named_version.under(call.alias or CHAMPION)

    async def score_with(
        self,
        active: Active | None,
        call: ScoreCall,
        records: Sequence[tuple[Any, ...]] | pa.RecordBatch,
    ) -> Scored:
        """Score a part of a long request by what answered the parts before; see `going_on`."""
        earlier = await self.replay(call, records)
        if earlier is not None and len(earlier.scores) == len(records):
            return earlier
        if active is None:
            active = await self.active(call)
        if earlier is not None:
            return await self._complete(earlier, active, call, records)
        challenger = active.challenger
        if challenger is None or not challenger.traffic or call.names_version:
            return await self._answer(active, call, records)
        taken = challenger.share_of(records)
        if not any(taken):
            answer = await self._answer(active, call, records)
        elif all(taken):
            answer = await self._challenge(active, challenger, call, records)
        else:
            left, right = divided(records, taken)
            first = await self._answer(active, call, left)
            rest = await self._challenge(active, challenger, call_of_rest(call), right)
            return merged(first, rest, taken)
        return answer if len(taken) == 1 and isinstance(records, Sequence) else named(answer)

    async def _complete(
        self, earlier: Scored, active: Active, call: ScoreCall, records: Any
    ) -> Scored:
        """Answer again a request of which the key has one version's part: find or score the rest.

        The process may have ended between the two parts.
        """
        schema = active.loaded.use_case.schema
        taken = rest_of(records, schema.names.index(schema.record_key), earlier.scores.record_keys)
        call = call_of_rest(call)
        rest = await self.replay(call, records)
        if rest is None:
            _, right = divided(records, taken)
            if active.challenger is None:
                rest = await self._answer(active, call, right)
            else:
                rest = await self._challenge(active, active.challenger, call, right)
        return merged(earlier, rest, taken)

    async def _challenge(
        self, champion: Active, challenger: Challenger, call: ScoreCall, records: Any
    ) -> Scored:
        """Answer by the challenger; by the champion, and visibly, if that fails."""
        active = Active(challenger.loaded, challenger.served)
        try:
            scores, inputs = await self._answering.run(active, call, records, of_challenger=True)
        except Exception as error:
            if time.monotonic() - self._failed_at > TELL_AGAIN_S:
                self._failed_at = time.monotonic()
                self.note(challenger_failed(challenger.served, error))
            active = Active(champion.loaded, challenger.stand_in)
            scores, inputs = await self._answering.run(active, call, records)
        return (await self._commits.submit(Entry(call, active.served, scores, inputs)))[0]

    async def _answer(self, active: Active, call: ScoreCall, records: Any) -> Scored:
        scores, inputs = await self._answering.run(active, call, records)
        entry = Entry(call, active.served, scores, inputs)
        if active.challenger is not None:
            entry.shadow, entry.records = active.challenger, records
        return (await self._commits.submit(entry))[0]

    def close(self) -> None:
        """Commit what waits, and stop."""
        self._answering.close()
        self._commits.close()
        self._tell_of_lone()
        if self.shadow is not None:
            self.shadow.close()
        self._answering.end_threads()
        self._idle()
        self.models.close()
        self.durable.close()

    def _commit(self, items: list[Entry | PlainRecord]) -> list[Committed | Exception]:
        timing = self._timed()
        start = time.perf_counter()
        self._expect()
        entries: Sequence[Entry] = ()
        outcomes: Sequence[Scored | Exception] = ()
        try:
            entries, places = gathered(items)
            timing.scored()
            outcomes = self._writer.commit(entries, self._events.take())
        finally:
            timing.end(items, entries, outcomes, self._writer.commit_s)
        self._events.put_back(self._writer.take_unkept())
        seconds = time.perf_counter() - start
        self._pace.note(seconds)
        self._tell(entries, outcomes, seconds)
        return [
            place if isinstance(place, Exception) else _committed(outcomes[place[0]], place[1])
            for place in places
        ]

    def _commit_at_once(
        self, items: list[Entry | PlainRecord]
    ) -> list[Committed | Exception] | None:
        """Commit a plain record that nobody waits beside, if the store surely takes it at once."""
        (item,) = items
        if not self._pace.is_fast or self._events or type(item) is not PlainRecord:
            self._pace.forget_some()
            return None
        timing = self._timed()
        start = time.perf_counter()
        entries: Sequence[Entry] = ()
        try:
            entry = answered([item])
            timing.scored()
            entries = (entry,)
            scored = self._writer.commit_at_once(entry)
        except Exception:
            timing.end(items, entries, (), 0.0)
            raise
        if scored is None:
            return None  # the worker times the group that it makes of it
        timing.kept()
        self._expect()
        seconds = time.perf_counter() - start
        self._pace.note(seconds)
        commit_s = self._writer.commit_s
        self._untold.append(
            partial(self._tell_one, items, entry, scored, timing, commit_s, seconds)
        )
        return [(scored, 0)]

    def _tell_of_lone(self) -> None:
        """Tell of the records that were committed in the event loop, once they are answered."""
        untold, self._untold = self._untold, []
        for tell in untold:
            tell()

    def _tell_one(
        self,
        items: Sequence[Entry | PlainRecord],
        entry: Entry,
        scored: Scored,
        timing: GroupTiming,
        commit_s: float,
        seconds: float,
    ) -> None:
        timing.end(items, (entry,), (scored,), commit_s)
        self._on_commit({entry.served: 1}, seconds)
        if entry.shadow is not None and self.shadow is not None:
            self.shadow.offer(shadow_of(entry, scored))

    def _timed(self) -> GroupTiming:
        if self._timings is None:
            return UNTIMED
        return GroupTiming(self._timings, self._commits.came_at, self._commits.waiting)

    def _tell(
        self, entries: Sequence[Entry], outcomes: Sequence[Scored | Exception], seconds: float
    ) -> None:
        rows: dict[Served, int] = {}
        for entry, outcome in zip(entries, outcomes, strict=True):
            if isinstance(outcome, Scored) and not outcome.replayed:
                rows[entry.served] = rows.get(entry.served, 0) + len(entry.scores)
        self._on_commit(rows, seconds)
        if self.shadow is not None:
            for shadow in shadows(entries, outcomes):
                self.shadow.offer(shadow)

    def _expect(self) -> None:
        if self._upkeep is not None:
            self._upkeep.expect()

    def _idle(self) -> bool:
        """Do a step of what was left for later, and return whether the next one should follow."""
        try:
            if self._events:
                self._writer.commit((), self._events.take())
                self._events.put_back(self._writer.take_unkept())
            if self._upkeep is None or self.durable.waiting:
                return False  # while the database is away a commit would wait behind what asks it
            return self._upkeep.step()
        except CrispMLError:
            return False  # the ledger is away; its state shows in the readiness


# A challenger that fails on each record would fill the events.
TELL_AGAIN_S = 10.0


def _committed(outcome: Scored | Exception, row: int) -> Committed | Exception:
    return outcome if isinstance(outcome, Exception) else (outcome, row)
