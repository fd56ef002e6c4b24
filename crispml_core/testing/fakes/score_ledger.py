"""A score ledger in memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from crispml_core.domain.errors import Conflict, NotFound
from crispml_core.domain.scores import Score, ScoreGroup, StoredLabel
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
)


class FakeScoreLedger:
    """Scores in groups, and the labels that a `FakeLabelStore` writes beside them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: dict[str, ScoreGroup] = {}
        self._scores: dict[str, Score] = {}
        self._answers: Answers[str] = Answers()
        self.labels: list[StoredLabel] = []

    def append(self, group: ScoreGroup, scores: Sequence[Score]) -> tuple[ScoreGroup, list[Score]]:
        """Commit a group whole, or return what its idempotency key stored before."""
        scope, key, fingerprint = (group.use_case,), group.idempotency_key, group.fingerprint or ""
        with self._lock:
            earlier = self._answers.find(scope, key, fingerprint)
            if earlier is not None:
                return self._whole(earlier)
            ids = {score.score_id for score in scores}
            if self._taken(group) or len(ids) < len(scores) or ids & self._scores.keys():
                raise Conflict(
                    "this group, its writer and sequence, or one of its scores, is stored already"
                )
            self._groups[group.group_id] = group
            self._scores.update((score.score_id, score) for score in scores)
            self._answers.keep(scope, key, fingerprint, group.group_id)
            return group, list(scores)

    def replay(
        self, use_case: str, idempotency_key: str, fingerprint: str
    ) -> tuple[ScoreGroup, list[Score]] | None:
        """Return what an idempotency key stored, or None."""
        with self._lock:
            found = self._answers.find((use_case,), idempotency_key, fingerprint)
            return None if found is None else self._whole(found)

    def last_root(self, writer_id: str) -> tuple[int, bytes]:
        """Return the last sequence and root of a writer; (0, 32 zero bytes) for a new one."""
        own = [group for group in self._groups.values() if group.writer_id == writer_id]
        last = max(own, key=lambda group: group.sequence, default=None)
        return (0, bytes(32)) if last is None else (last.sequence, last.root)

    def get(self, score_id: str) -> Score:
        """Return one score, or raise `NotFound`."""
        if score_id not in self._scores:
            raise NotFound("score")
        return self._scores[score_id]

    def group(self, group_id: str) -> ScoreGroup:
        """Return one group with its inputs, or raise `NotFound`."""
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
        found = [
            score
            for score in self._scores.values()
            if use_case in (None, score.use_case)
            and version in (None, score.version)
            and record_key in (None, score.record_key)
            and (start is None or score.scored_at >= start)
            and (end is None or score.scored_at < end)
            and (before is None or score.score_id < before)
        ]
        return sorted(found, key=lambda score: score.score_id, reverse=True)[:limit]

    def with_labels(
        self,
        use_case: str,
        *,
        start: datetime | None,
        end: datetime | None,
        version: str | None = None,
        as_of: datetime | None = None,
    ) -> pa.Table:
        """Return the scores of a window [start, end), each joined to at most one label."""
        import pyarrow as pa

        found = self.find(
            use_case=use_case, version=version, start=start, end=end, limit=len(self._scores)
        )
        rows = []
        for score in reversed(found):
            if as_of is not None and self._groups[score.group_id].created_at > as_of:
                continue
            label = self._label_of(score, as_of)
            rows.append(
                {
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
                }
            )
        moments = dict.fromkeys(_MOMENTS, pa.timestamp("us", "UTC"))
        types = moments | {"probability": pa.float64()}
        schema = pa.schema([(name, types.get(name, pa.string())) for name in _COLUMNS])
        return pa.Table.from_pylist(rows, schema=schema)

    def _whole(self, group_id: str) -> tuple[ScoreGroup, list[Score]]:
        scores = [score for score in self._scores.values() if score.group_id == group_id]
        return self._groups[group_id], sorted(scores, key=lambda score: score.row)

    def _taken(self, group: ScoreGroup) -> bool:
        return group.group_id in self._groups or any(
            (other.writer_id, other.sequence) == (group.writer_id, group.sequence)
            for other in self._groups.values()
        )

    def _label_of(self, score: Score, as_of: datetime | None) -> StoredLabel | None:
        by_id: list[StoredLabel] = []
        by_key: list[StoredLabel] = []
        for label in self.labels:
            if label.use_case == score.use_case and (as_of is None or label.received_at <= as_of):
                if label.score_id == score.score_id:
                    by_id.append(label)
                elif label.score_id is None and label.record_key == score.record_key:
                    by_key.append(label)
        # The latest truth; of two for the same moment the one that came later.
        ordered = sorted(by_id or by_key, key=lambda label: label.label_time)
        return ordered[-1] if ordered else None


def as_text(value: str | float) -> str:
    """Return a prediction or a label as text; equal numbers have equal texts."""
    return value if isinstance(value, str) else str(float(value))
