"""A score ledger in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from crispml_core.domain.errors import Conflict, InvalidInput, NotFound
from crispml_core.domain.events import ServingEvent
from crispml_core.domain.labels import StoredLabel
from crispml_core.domain.models import SHADOW
from crispml_core.domain.scores import Score, ScoreGroup, place_of
from crispml_core.domain.upkeep import Upkept
from crispml_core.testing.fakes.idempotency import Answers

if TYPE_CHECKING:
    import pyarrow as pa

_MOMENTS = ("scored_at", "label_time", "received_at")
_COLUMNS = (
    "score_id",
    "record_key",
    "version",
    "prediction",
    "probability",
    "probabilities",
    "segments",
    "scored_at",
    "label",
    "label_time",
    "received_at",
    "propensity",
)


class FakeScoreLedger:
    """Scores in groups and serving events, and the labels that a `FakeLabelStore` writes beside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: dict[str, ScoreGroup] = {}
        self._answers: Answers[str] = Answers()
        self._unindexed = 0
        self.events: dict[str, ServingEvent] = {}
        self.labels: list[StoredLabel] = []

    def append(
        self,
        groups: Sequence[ScoreGroup],
        events: Sequence[ServingEvent] = (),
        *,
        wait: bool = True,
    ) -> None:
        """Commit groups and events in one transaction: all of them, or none; never waits."""
        with self._lock:
            before = dict(self._groups)
            for group in groups:
                if self._is_taken(group):
                    self._groups = before
                    raise Conflict(
                        "a group with this id, this writer and sequence, or this idempotency key "
                        "is stored already"
                    )
                self._groups[group.group_id] = group
            for group in groups:
                key, fingerprint = group.idempotency_key, group.fingerprint or ""
                self._answers.keep((group.use_case,), key, fingerprint, group.group_id)
                self._unindexed += group.rows if group.shadow_of is None else 0
            for event in events:
                self.events.setdefault(event.event_id, event)

    @property
    def groups(self) -> list[ScoreGroup]:
        """Every group, in the order of commit."""
        return list(self._groups.values())

    def stored(self, group_ids: Sequence[str]) -> set[str]:
        """Return those of some groups that are committed."""
        return self._groups.keys() & set(group_ids)

    def replay(self, use_case: str, idempotency_key: str, fingerprint: str) -> ScoreGroup | None:
        """Return what an idempotency key stored, or None."""
        with self._lock:
            found = self._answers.find((use_case,), idempotency_key, fingerprint)
            return None if found is None else self._groups[found]

    def last_root(self, writer_id: str) -> tuple[int, bytes]:
        """Return the last sequence and root of a writer; (0, 32 zero bytes) for a new one."""
        own = [group for group in self._ordered() if group.writer_id == writer_id]
        last = max(own, key=lambda group: group.sequence, default=None)
        return (0, bytes(32)) if last is None else (last.sequence, last.root)

    def get(self, score_id: str) -> Score:
        """Return one score, or raise `NotFound`."""
        found = self._find(score_id)
        if found is None:
            raise NotFound("score")
        return found

    def group(self, group_id: str) -> ScoreGroup:
        """Return one group with its scores and inputs, or raise `NotFound`."""
        if group_id not in self._groups:
            raise NotFound("score group")
        return self._groups[group_id]

    def find(
        self,
        *,
        use_case: str | None = None,
        version: str | None = None,
        record_key: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[Score]:
        """Return scores of the window [start, end), newest first, older than the score `before`."""
        if record_key is not None:
            self._unindexed = 0
        scores = self._scores()[::-1]
        if before is not None:
            place = self._find(before)
            if place is None:
                raise InvalidInput("before must be the id of a score")
            scores = scores[scores.index(place) + 1 :]
        found = [
            score
            for score in scores
            if self._groups[score.group_id].alias != SHADOW
            and use_case in (None, score.use_case)
            and version in (None, score.version)
            and record_key in (None, score.record_key)
            and (start is None or score.scored_at >= start)
            and (end is None or score.scored_at < end)
        ]
        return found[:limit]

    def groups_between(
        self,
        use_case: str,
        *,
        start: datetime | None,
        end: datetime | None,
        version: str | None = None,
    ) -> Iterator[ScoreGroup]:
        """Yield the groups of a window [start, end) whole, oldest first."""
        for group in self._ordered():
            if (
                group.use_case == use_case
                and group.alias != SHADOW
                and version in (None, group.version)
                and (start is None or group.created_at >= start)
                and (end is None or group.created_at < end)
            ):
                yield group

    def shadow_pairs(self, use_case: str, version: str) -> pa.Table:
        """Return which group each shadow group of a version is the shadow of."""
        import pyarrow as pa

        found = [
            (group.group_id, group.shadow_of)
            for group in self._ordered()
            if (group.use_case, group.version) == (use_case, version) and group.shadow_of
        ]
        ids, pairs = zip(*found, strict=True) if found else ((), ())
        return pa.table(
            {"group_id": pa.array(ids, pa.string()), "shadow_of": pa.array(pairs, pa.string())}
        )

    def index_keys(self, max_rows: int) -> Upkept:
        """Index at most `max_rows` waiting record keys."""
        with self._lock:
            done = min(max_rows, self._unindexed)
            self._unindexed -= done
            return Upkept(done, has_more=self._unindexed > 0)

    def with_labels(
        self,
        use_case: str,
        *,
        start: datetime | None,
        end: datetime | None,
        version: str | None = None,
        as_of: datetime | None = None,
        shadow: bool = False,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Return the scores of a window [start, end), each joined to at most one label."""
        import pyarrow as pa

        from crispml_core.tables.score_table import OF_CLASS

        rows = []
        for score in self._scores():
            alias = self._groups[score.group_id].alias
            if (
                score.use_case != use_case
                or (alias == SHADOW) is not shadow
                or version not in (None, score.version)
                or (start is not None and score.scored_at < start)
                or (end is not None and score.scored_at >= end)
                or (as_of is not None and score.scored_at > as_of)
            ):
                continue
            label = self._label_of(score, as_of)
            by_class = {OF_CLASS + name: p for name, p in score.probabilities.items()}
            rows.append(
                {
                    **by_class,
                    "score_id": score.score_id,
                    "record_key": score.record_key,
                    "version": score.version,
                    "prediction": as_text(score.prediction),
                    "probability": score.probability,
                    "probabilities": msgspec.json.encode(score.probabilities).decode(),
                    "segments": msgspec.json.encode(score.segments).decode(),
                    "scored_at": score.scored_at,
                    "label": as_text(label.value) if label else None,
                    "label_time": label.label_time if label else None,
                    "received_at": label.received_at if label else None,
                    "propensity": label.propensity if label else None,
                }
            )
        moments = dict.fromkeys(_MOMENTS, pa.timestamp("us", "UTC"))
        numbers = dict.fromkeys(("probability", "propensity"), pa.float64())
        repeating = dict.fromkeys(("version", "segments"), pa.dictionary(pa.int32(), pa.string()))
        types = moments | numbers | repeating
        wanted = _COLUMNS if columns is None else columns
        types |= {name: pa.float64() for name in wanted if name.startswith(OF_CLASS)}
        schema = pa.schema([(name, types.get(name, pa.string())) for name in wanted])
        return pa.Table.from_pylist(rows, schema=schema)

    def _ordered(self) -> list[ScoreGroup]:
        """Return the groups by time, and those of one moment as they were committed."""
        return sorted(self._groups.copy().values(), key=lambda group: group.created_at)

    def _scores(self) -> list[Score]:
        return [group.score(row) for group in self._ordered() for row in range(group.rows)]

    def _find(self, identifier: str) -> Score | None:
        group_id, row = place_of(identifier) or ("", 0)
        group = self._groups.get(group_id)
        return group.score(row) if group is not None and row < group.rows else None

    def _is_taken(self, group: ScoreGroup) -> bool:
        return group.group_id in self._groups or any(
            (other.writer_id, other.sequence) == (group.writer_id, group.sequence)
            or (
                group.idempotency_key is not None
                and (other.use_case, other.idempotency_key)
                == (group.use_case, group.idempotency_key)
            )
            for other in self._groups.values()
        )

    def _label_of(self, score: Score, as_of: datetime | None) -> StoredLabel | None:
        by_id: list[StoredLabel] = []
        by_moment: list[StoredLabel] = []
        by_key: list[StoredLabel] = []
        for label in self.labels:
            if label.use_case == score.use_case and (as_of is None or label.received_at <= as_of):
                if label.score_id == score.score_id:
                    by_id.append(label)
                elif label.score_id is None and label.record_key == score.record_key:
                    if label.scored_until is None:
                        by_key.append(label)
                    elif self._is_last(score, label.scored_until, as_of):
                        by_moment.append(label)
        # The latest truth; of two for the same moment the one that came later.
        ordered = sorted(by_id or by_moment or by_key, key=lambda label: label.label_time)
        return ordered[-1] if ordered else None

    def _is_last(self, score: Score, until: datetime, as_of: datetime | None) -> bool:
        """Whether a score is the last one of its record until a moment, among those of its kind."""
        is_shadow = self._groups[score.group_id].alias == SHADOW
        rivals = [
            other.score_id
            for other in self._scores()
            if (other.use_case, other.record_key) == (score.use_case, score.record_key)
            and (self._groups[other.group_id].alias == SHADOW) is is_shadow
            and other.scored_at <= until
            and (as_of is None or other.scored_at <= as_of)
        ]
        return rivals[-1:] == [score.score_id]


def as_text(value: str | float) -> str:
    """Return a prediction or a label as text; equal numbers have equal texts."""
    return value if isinstance(value, str) else str(float(value))
