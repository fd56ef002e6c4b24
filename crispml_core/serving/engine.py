"""The scoring engine: validated records in, durable scores out; every dialect calls it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from crispml_core.domain.errors import CrispMLError
from crispml_core.domain.events import ServingEvent
from crispml_core.domain.models import CHAMPION
from crispml_core.ports.score_ledger import ScoreLedger
from crispml_core.ports.scorer import Answers
from crispml_core.serving.batcher import Batcher, Tell
from crispml_core.serving.durable_ledger import DurableLedger
from crispml_core.serving.ledger_writer import Entry, LedgerWriter, Served, replayed
from crispml_core.serving.live_models import Active, LiveModels
from crispml_core.serving.plain_records import PlainRecord, answered, gathered
from crispml_core.serving.scored import ScoreCall, Scored

if TYPE_CHECKING:
    import pyarrow as pa

# Up to so many records the event loop answers itself; a thread costs more than they do.
INLINE_ROWS = 16
# From so many records on, columns are faster than rows.
COLUMN_ROWS = 256

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
    ) -> None:
        self.models, self.durable = models, durable
        self._ledger, self._writer = ledger, writer
        self._on_commit: OnCommit = lambda rows, seconds: None
        self._on_event: OnEvent = lambda event: None
        self._events: deque[ServingEvent] = deque(maxlen=10_000)
        self._dropped = 0
        self._seconds = 0.0  # of the last commit
        self._has_unindexed = True  # an earlier process may have left some
        self._commits: Batcher[Entry | PlainRecord, Committed] = Batcher(
            self._commit,
            capacity=capacity,
            deadline_s=deadline_s,
            at_once=self._commit_at_once,
            idle=self._idle,
            name="ledger-writer",
        )
        self._predictions: Batcher[tuple[Active, list[tuple[Any, ...]]], Answers] = Batcher(
            _predict, capacity=capacity, deadline_s=deadline_s, name="predictor"
        )
        models.watch(self.note)
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="columns")

    @property
    def load(self) -> float:
        """How full the queue is, from 0 to 1."""
        return max(
            batcher.waiting / batcher.capacity for batcher in (self._commits, self._predictions)
        )

    @property
    def dropped_events(self) -> int:
        """How many events were not kept, because more came than could be written."""
        return self._dropped

    def watch(self, on_commit: OnCommit, on_event: OnEvent) -> None:
        """Tell somebody about every group (its rows by version, its seconds) and every event."""
        self._on_commit, self._on_event = on_commit, on_event

    def note(self, event: ServingEvent) -> None:
        """Keep an event; it is committed with the next group, or when there is nothing to do."""
        if len(self._events) == self._events.maxlen:
            self._dropped += 1
        self._events.append(event)
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
        earlier = await self.replay(call)
        if earlier is not None:
            return earlier
        active = await self.active(call)
        return await self._answer(active, call, records)

    async def replay(self, call: ScoreCall) -> Scored | None:
        """Return what an earlier request with the same idempotency key stored, if any."""
        if call.idempotency_key is None:
            return None
        stored = await self._in_thread(
            self._ledger.replay, call.use_case, call.idempotency_key, call.fingerprint
        )
        return None if stored is None else replayed(stored)

    async def active(self, call: ScoreCall) -> Active:
        """Return the version that shall answer a call."""
        if call.version is not None:
            named: Active = await self._in_thread(self.models.version, call.use_case, call.version)
            return named
        alias = call.alias or CHAMPION
        found = self.models.find(call.use_case, alias)
        if found is None:
            found = await self._in_thread(self.models.resolve, call.use_case, alias)
        return found

    async def score_with(
        self, active: Active, call: ScoreCall, records: Sequence[tuple[Any, ...]] | pa.RecordBatch
    ) -> Scored:
        """Score a part of a long request by the version that answered the parts before."""
        earlier = await self.replay(call)
        return earlier if earlier is not None else await self._answer(active, call, records)

    async def _answer(self, active: Active, call: ScoreCall, records: Any) -> Scored:
        loaded = active.loaded
        options: dict[str, Any] = {"request_id": call.request_id}
        if call.explain or call.interval is not None:
            options |= {"explain": call.explain, "level": call.interval}
        is_rows = isinstance(records, Sequence)
        if is_rows and len(records) <= INLINE_ROWS:
            if not loaded.scorer.is_fast:
                options["answers"] = await self._predictions.submit((active, list(records)))
            if call.explain:  # reasons of a large ensemble take milliseconds
                scores, inputs = await self._in_thread(_run, active, records, options)
            else:
                scores, inputs = loaded.method.run(records, **options)
        else:
            if is_rows and len(records) >= COLUMN_ROWS:
                records = await self._in_thread(_columns, active, records)
            scores, inputs = await self._in_thread(_run, active, records, options)
        scored, _ = await self._commits.submit(Entry(call, active.served, scores, inputs))
        return scored

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, function, *arguments)

    def close(self) -> None:
        """Commit what waits, and stop."""
        self._predictions.close()
        self._commits.close()
        self._pool.shutdown()
        self._idle()
        self.models.close()
        self.durable.close()

    def _commit(self, items: list[Entry | PlainRecord]) -> list[Committed | Exception]:
        start = time.perf_counter()
        self._has_unindexed = True
        entries, places = gathered(items)
        outcomes = self._writer.commit(entries, self._take_events())
        self._put_back(self._writer.take_unkept())
        self._seconds = time.perf_counter() - start
        self._tell(entries, outcomes)
        return [
            place if isinstance(place, Exception) else _committed(outcomes[place[0]], place[1])
            for place in places
        ]

    def _commit_at_once(
        self, items: list[Entry | PlainRecord]
    ) -> list[Committed | Exception] | None:
        """Commit a plain record that nobody waits beside, if the store surely takes it at once."""
        (item,) = items
        if self._seconds > AT_ONCE_S or self._events or type(item) is not PlainRecord:
            self._seconds *= _FORGET
            return None
        start = time.perf_counter()
        entry = answered([item])
        scored = self._writer.commit_at_once(entry)
        if scored is None:
            return None
        self._has_unindexed = True
        self._seconds = time.perf_counter() - start
        self._on_commit({entry.served: 1}, self._seconds)
        return [(scored, 0)]

    def _tell(self, entries: Sequence[Entry], outcomes: Sequence[Scored | Exception]) -> None:
        rows: dict[Served, int] = {}
        for entry, outcome in zip(entries, outcomes, strict=True):
            if isinstance(outcome, Scored) and not outcome.replayed:
                rows[entry.served] = rows.get(entry.served, 0) + len(entry.scores)
        self._on_commit(rows, self._seconds)

    def _idle(self) -> None:
        try:
            if self._events:
                self._writer.commit((), self._take_events())
                self._put_back(self._writer.take_unkept())
            if self._has_unindexed and not self.durable.waiting:
                self._has_unindexed = self._writer.index_keys(INDEX_ROWS) > 0
        except CrispMLError:
            return  # the ledger is away; its state shows in the readiness

    def _take_events(self) -> list[ServingEvent]:
        events = []
        while self._events:
            events.append(self._events.popleft())
        return events

    def _put_back(self, events: Sequence[ServingEvent]) -> None:
        """Keep events that could not be stored, as far as there is room."""
        assert self._events.maxlen is not None
        room = max(self._events.maxlen - len(self._events), 0)
        self._dropped += max(len(events) - room, 0)
        self._events.extendleft(reversed(events[:room]))


# The event loop commits a lone record itself as long as the store is so fast; on a slower one the
# other requests would wait for it. A store that was slow is tried again after some records.
AT_ONCE_S = 0.002
_FORGET = 0.9
# So many record keys are indexed in one idle step: some ten milliseconds.
INDEX_ROWS = 10_000


def _committed(outcome: Scored | Exception, row: int) -> Committed | Exception:
    return outcome if isinstance(outcome, Exception) else (outcome, row)


def _run(active: Active, records: Any, options: dict[str, Any]) -> Any:
    return active.loaded.method.run(records, **options)


def _columns(active: Active, records: Sequence[tuple[Any, ...]]) -> pa.RecordBatch:
    import pyarrow as pa

    from crispml_core.tables.schema import arrow_schema

    schema = arrow_schema(active.loaded.use_case.schema)
    columns = zip(*records, strict=True)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _predict(items: list[tuple[Active, list[tuple[Any, ...]]]]) -> list[Answers | Exception]:
    """Ask each version once about the records of all requests that wait for it."""
    rows: dict[int, list[tuple[Any, ...]]] = {}
    for active, records in items:
        rows.setdefault(id(active.loaded), []).extend(records)
    said: dict[int, Answers | Exception] = {}
    for active, _ in items:
        key = id(active.loaded)
        if key not in said:
            try:
                said[key] = active.loaded.scorer.answer_rows(rows[key])
            except CrispMLError as error:
                said[key] = error
    starts = dict.fromkeys(rows, 0)
    outcomes: list[Answers | Exception] = []
    for active, records in items:
        key = id(active.loaded)
        answers, first = said[key], starts[key]
        starts[key] = last = first + len(records)
        outcomes.append(
            answers if isinstance(answers, Exception) else _part(answers, slice(first, last))
        )
    return outcomes


def _part(answers: Answers, rows: slice) -> Answers:
    by_class = answers.by_class
    return Answers(
        answers.predictions[rows],
        answers.probabilities[rows],
        answers.segments[rows],
        None if by_class is None else by_class[rows],
    )
