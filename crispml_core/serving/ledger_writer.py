"""The writer of the score ledger: it makes groups of what waits, and one hash chain per process."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from crispml_core.domain.errors import Conflict, CrispMLError, StoreUnavailable, WouldWait
from crispml_core.domain.events import ServingEvent
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.scores import Encoding, ScoreGroup, ScoreRows, chain_root, new_group_id
from crispml_core.ports.score_ledger import ScoreLedger
from crispml_core.ports.tracer import Tracer
from crispml_core.serving.direct_commits import DirectCommits
from crispml_core.serving.durable_ledger import DATABASE, DurableLedger, NowhereKept
from crispml_core.serving.scored import ScoreCall, Scored
from crispml_core.serving.stored_inputs import digest_rows, pack_rows
from crispml_core.serving.tracing import commit_span

if TYPE_CHECKING:
    from crispml_core.serving.challengers import Challenger
    from crispml_core.serving.private_records import PrivateRecords


@dataclass(frozen=True, slots=True)
class Served:
    """What a group says about the version behind its scores."""

    use_case: str
    model: str
    version: str
    alias: str | None
    classes: tuple[str, ...]
    fields: tuple[str, ...]
    fallback: bool = False
    privacy: PrivateRecords | None = field(default=None, compare=False, repr=False)
    """What is done to the records before they are stored; None when all is stored as it came."""


@dataclass(slots=True)
class Entry:
    """The answered records of one request, on their way into the ledger.

    Parameters
    ----------
    inputs : list of tuple, or pyarrow.RecordBatch
        The stored fields of the records, in the order of `Served.fields`, dates and moments in
        tuples as text. Of a use case with privacy policies the records as they came, on which the
        writer applies these.
    shadow : Challenger or None
        Who scores `records` in the shadow afterwards.
    records : list of tuple, or pyarrow.RecordBatch, or None
        All fields of the records, if somebody does.
    shadow_of : str or None
        Of shadow scores the group whose rows these are.
    """

    call: ScoreCall
    served: Served
    scores: ScoreRows
    inputs: Any
    shadow: Challenger | None = None
    records: Any = None
    shadow_of: str | None = None

    @property
    def is_alone(self) -> bool:
        """Whether the entry becomes a group of its own: it has a key, columns, or a pair."""
        return (
            self.call.idempotency_key is not None
            or not isinstance(self.inputs, list)
            or self.shadow_of is not None
        )


class LedgerWriter:
    """Commits entries and events; belongs to one thread.

    Parameters
    ----------
    ledger : ScoreLedger
        Asked about idempotency keys and about the chain after a failure.
    durable : DurableLedger or DirectCommits
        Takes the transactions.
    clock : callable
        Returns the current moment in UTC.
    tracer : Tracer, optional
        Follows commits of requests that are traced.
    """

    def __init__(
        self,
        ledger: ScoreLedger,
        durable: DurableLedger | DirectCommits,
        clock: Callable[[], datetime] = utc_now,
        *,
        tracer: Tracer | None = None,
    ) -> None:
        self._ledger, self._durable, self._clock = ledger, durable, clock
        self._tracer = tracer
        self._writer_id = str(uuid4())
        self._sequence, self._root = 0, bytes(32)
        self._is_sure = True
        self._unkept: Sequence[ServingEvent] = ()
        self._commit_s = 0.0

    @property
    def writer_id(self) -> str:
        """Name of the chain."""
        return self._writer_id

    @property
    def commit_s(self) -> float:
        """How long the store took in the last commit."""
        return self._commit_s

    def take_unkept(self) -> Sequence[ServingEvent]:
        """Return the events that the last commit could not store; they are the caller's again."""
        unkept, self._unkept = self._unkept, ()
        return unkept

    def commit(
        self, entries: Sequence[Entry], events: Sequence[ServingEvent] = ()
    ) -> list[Scored | Exception]:
        """Make entries and events durable, and return what became of each entry, in order.

        What has no idempotency key is one transaction. What has one is a transaction by itself: its
        key may be taken, which must not hurt others, and after a failure only the caller can tell
        by the key whether it is stored.
        """
        self._commit_s = 0.0
        with commit_span(self._tracer, entries):
            return self._commit(entries, events)

    def _commit(
        self, entries: Sequence[Entry], events: Sequence[ServingEvent]
    ) -> list[Scored | Exception]:
        bundles = _bundles(entries)
        free = [bundle for bundle in bundles if not bundle[0].call.idempotency_key]
        done: dict[int, Scored | Exception] = {}
        if free or events:
            done |= self._commit_free(free, events)
        for bundle in bundles:
            if bundle[0].call.idempotency_key:
                done[id(bundle[0])] = self._commit_keyed(bundle[0])
        return [done[id(entry)] for entry in entries]

    def commit_at_once(self, entry: Entry) -> Scored | None:
        """Commit one entry without a key if that needs no waiting; None if it does.

        Raises
        ------
        StoreUnavailable
            If nothing takes it.
        """
        if not self._is_sure:
            return None
        try:
            group = self._group([entry], self._sequence + 1, self._root, self._clock(), wait=False)
        except WouldWait:
            return None
        start = time.perf_counter()
        try:
            durability = self._durable.commit((group,), (), wait=False)
        except WouldWait:
            return None
        except CrispMLError as error:
            self._is_sure = isinstance(error, NowhereKept)
            raise
        self._commit_s = time.perf_counter() - start
        self._sequence, self._root = group.sequence, group.root
        return _scored(group, 0, entry.scores, durability)

    def _commit_free(
        self, bundles: Sequence[list[Entry]], events: Sequence[ServingEvent]
    ) -> Mapping[int, Scored | CrispMLError]:
        try:
            return self._commit_bundles(bundles, events)
        except CrispMLError as error:
            self._unkept = events
            return {id(entry): error for bundle in bundles for entry in bundle}

    def _commit_keyed(self, entry: Entry) -> Scored | Exception:
        key = entry.call.idempotency_key
        assert key is not None
        try:
            return self._commit_bundles([[entry]], ())[id(entry)]
        except Conflict as error:
            try:
                stored = self._ledger.replay(entry.call.use_case, key, entry.call.fingerprint)
            except CrispMLError as reason:
                return reason
            if stored is None:
                return error
            return replayed(stored, entry.served.privacy, entry.inputs)
        except CrispMLError as error:
            return error

    def _commit_bundles(
        self, bundles: Sequence[list[Entry]], events: Sequence[ServingEvent]
    ) -> dict[int, Scored]:
        if not self._is_sure:
            self._find_place()
        sequence, root, now = self._sequence, self._root, self._clock()
        groups = []
        for bundle in bundles:
            sequence += 1
            group = self._group(bundle, sequence, root, now)
            root = group.root
            groups.append(group)
        start = time.perf_counter()
        try:
            durability = self._durable.commit(groups, events)
        except CrispMLError as error:
            # A commit whose answer was lost may have taken the place: before the next one, look.
            self._is_sure = isinstance(error, NowhereKept)
            raise
        finally:
            self._commit_s += time.perf_counter() - start
        self._sequence, self._root = sequence, root
        return {
            id(entry): scored
            for bundle, group in zip(bundles, groups, strict=True)
            for entry, scored in zip(bundle, _answers(bundle, group, durability), strict=True)
        }

    def _find_place(self) -> None:
        """Go on where the ledger says that the chain ends, or begin another chain."""
        try:
            sequence, root = self._ledger.last_root(self._writer_id)
            # What surely was there may have grown too old meanwhile, and been deleted.
            goes_on = sequence >= self._sequence
        except StoreUnavailable:
            goes_on = False  # nobody can tell now, and the journal may take what comes
        if not goes_on:
            self._writer_id, sequence, root = str(uuid4()), 0, bytes(32)
        self._sequence, self._root = sequence, root
        self._is_sure = True

    def _group(
        self,
        bundle: list[Entry],
        sequence: int,
        previous: bytes,
        now: datetime,
        *,
        wait: bool = True,
    ) -> ScoreGroup:
        first = bundle[0]
        served, group_id = first.served, new_group_id()
        if isinstance(first.inputs, list):
            rows = [values for entry in bundle for values in entry.inputs]
            scores = ScoreRows.joined([entry.scores for entry in bundle])
            if served.privacy is not None:
                scores, rows = served.privacy.kept(scores, rows, wait=wait)
            inputs, encoding = pack_rows(served.fields, rows), Encoding.ROWS
            digests = digest_rows(group_id, scores, rows)
        else:
            from crispml_core.tables.row_images import digest_columns, pack_arrow

            scores, batch, encoding = first.scores, first.inputs, Encoding.ARROW
            if served.privacy is not None:
                scores, batch = served.privacy.kept(scores, batch)
            inputs = pack_arrow(batch)
            digests = digest_columns(group_id, scores, batch)
        key = first.call.idempotency_key
        return ScoreGroup(
            group_id=group_id,
            writer_id=self._writer_id,
            sequence=sequence,
            use_case=served.use_case,
            model=served.model,
            version=served.version,
            alias=served.alias,
            created_at=now,
            classes=served.classes,
            scores=scores,
            inputs=inputs,
            encoding=encoding,
            row_digests=digests,
            root=chain_root(previous, self._writer_id, sequence, digests),
            previous_root=previous,
            fallback=served.fallback,
            idempotency_key=key,
            fingerprint=first.call.fingerprint if key is not None else None,
            shadow_of=first.shadow_of,
        )


def replayed(group: ScoreGroup, privacy: PrivateRecords | None, records: Any) -> Scored:
    """Return the scores that an idempotency key stored before, of the same records."""
    scores = group.scores
    if privacy is not None:
        keys = privacy.clear_keys(scores.record_keys, records)
        scores = replace(scores, record_keys=keys)
    return replace(_scored(group, 0, scores, DATABASE), replayed=True)


def _bundles(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Put entries together that can share a group."""
    # By identity, because a version is one object for all of its requests and costs no hash then.
    shared: dict[int, list[Entry]] = {}
    bundles: list[list[Entry]] = []
    for entry in entries:
        bundle = None if entry.is_alone else shared.get(id(entry.served))
        if bundle is None:
            bundle = []
            bundles.append(bundle)
            if not entry.is_alone:
                shared[id(entry.served)] = bundle
        bundle.append(entry)
    return bundles


def _answers(bundle: list[Entry], group: ScoreGroup, durability: str) -> list[Scored]:
    answers, offset = [], 0
    for entry in bundle:
        answers.append(_scored(group, offset, entry.scores, durability))
        offset += len(entry.scores)
    return answers


def _scored(group: ScoreGroup, offset: int, scores: ScoreRows, durability: str) -> Scored:
    return Scored(
        use_case=group.use_case,
        model=group.model,
        version=group.version,
        alias=group.alias,
        classes=group.classes,
        scored_at=group.created_at,
        group_id=group.group_id,
        offset=offset,
        scores=scores,
        fallback=group.fallback,
        durability=durability,
    )
