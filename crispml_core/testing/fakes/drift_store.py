"""Counts in memory, beside the ledger and the labels that they follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crispml_core.domain.drift import OVERALL, CountsKey, DriftCounts, UncountedGroup
from crispml_core.domain.labels import StoredLabel
from crispml_core.domain.models import SHADOW
from crispml_core.domain.scores import ScoreGroup
from crispml_core.domain.upkeep import Upkept
from crispml_core.ports.drift_store import DriftCounter
from crispml_core.testing.fakes.score_ledger import FakeScoreLedger, as_text


class FakeDriftStore:
    """Counts of the groups of a `FakeScoreLedger`."""

    def __init__(self, ledger: FakeScoreLedger, counter: DriftCounter) -> None:
        self._ledger, self._counter = ledger, counter
        self._counted: set[str] = set()
        self._counts: dict[CountsKey, DriftCounts] = {}

    def advance(self, max_rows: int) -> Upkept:
        """Count the first groups that wait, of about `max_rows` scores."""
        taken: list[ScoreGroup] = []
        rows, has_more = 0, False
        for group in self._ledger.groups:
            if group.group_id in self._counted or group.alias == SHADOW or not group.rows:
                continue
            rows += group.rows
            if taken and rows > max_rows:
                has_more = True
                break
            taken.append(group)
        self._counted.update(group.group_id for group in taken)
        for key, counts in self._counter.count([_uncounted(group) for group in taken]).items():
            earlier = self._counts.get(key)
            self._counts[key] = counts if earlier is None else earlier + counts
        return Upkept(sum(group.rows for group in taken), has_more)

    def catch_up(self) -> None:
        """Count every group that is committed now."""
        while self.advance(1_000).has_more:
            pass

    def find(
        self,
        use_case: str,
        version: str,
        *,
        start: datetime,
        end: datetime,
        segment: str = OVERALL,
    ) -> list[tuple[datetime, DriftCounts]]:
        """Return the counts by hour, for the hours that begin in [start, end), oldest first."""
        return sorted(
            (key.window_start, counts)
            for key, counts in self._counts.items()
            if (key.use_case, key.version, key.segment) == (use_case, version, segment)
            and start <= key.window_start < end
        )

    def rows(self, use_case: str, *, start: datetime, end: datetime) -> dict[str, int]:
        """Return how many scores were counted, by version, in the hours of [start, end)."""
        found: dict[str, int] = {}
        for key, counts in self._counts.items():
            is_asked = (key.use_case, key.segment) == (use_case, OVERALL)
            if is_asked and start <= key.window_start < end:
                found[key.version] = found.get(key.version, 0) + counts.rows
        return found


class FakeLabelCounts:
    """Counts of the labels beside a `FakeScoreLedger`."""

    def __init__(self, ledger: FakeScoreLedger) -> None:
        self._ledger = ledger

    def classes(self, use_case: str, *, start: datetime, end: datetime) -> dict[str, int]:
        """Return how many current labels of a time in [start, end) have each class."""
        found: dict[str, int] = {}
        for label in self._current(use_case, start, end):
            text = as_text(label.value)
            found[text] = found.get(text, 0) + 1
        return found

    def numbers(
        self,
        use_case: str,
        *,
        start: datetime,
        end: datetime,
        edges: Sequence[float],
        mean: float,
        sd: float,
        farthest: float,
    ) -> tuple[list[int], float, float]:
        """Return current labels by bin, and the sum and squares of (value - mean) / sd."""
        counts, total, squares = [0] * (len(edges) + 1), 0.0, 0.0
        for label in self._current(use_case, start, end):
            value = float(label.value)
            least, *uppers = edges
            place = 0 if value < least else 1 + sum(value > upper for upper in uppers)
            counts[place] += 1
            away = max(-farthest, min(farthest, (value - mean) / sd))
            total += away
            squares += away**2
        return counts, total, squares

    def _current(self, use_case: str, start: datetime, end: datetime) -> list[StoredLabel]:
        return [
            label
            for label in self._ledger.labels
            if label.use_case == use_case and label.is_current and start <= label.label_time < end
        ]


def _uncounted(group: ScoreGroup) -> UncountedGroup:
    return UncountedGroup(
        use_case=group.use_case,
        version=group.version,
        created_at=group.created_at,
        encoding=group.encoding,
        inputs=group.inputs,
        predictions=group.scores.predictions,
        probabilities=group.scores.probabilities,
        segments=list(group.scores.segments),
    )
