"""Labels in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from crispml_core.domain.errors import InvalidInput, NotFound, Problem
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.labels import (
    CLOCK_TOLERANCE,
    ImportedLabels,
    Label,
    LabelReceipt,
    StoredLabel,
    Verdict,
    label_id,
    new_import_id,
)
from crispml_core.tables.findings import Findings
from crispml_core.testing.fakes.idempotency import Answers
from crispml_core.testing.fakes.score_ledger import FakeScoreLedger, as_text

if TYPE_CHECKING:
    import pyarrow as pa


class FakeLabelStore:
    """Labels with their history.

    Parameters
    ----------
    ledger : FakeScoreLedger
        Knows which records have a score; joins the labels to them.
    clock : callable
        Returns the current moment in UTC.
    """

    def __init__(self, ledger: FakeScoreLedger, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lock = threading.Lock()
        self._answers: Answers[LabelReceipt] = Answers()
        self._receipts: dict[str, LabelReceipt] = {}

    def add(
        self,
        use_case: str,
        labels: Sequence[Label],
        *,
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> LabelReceipt:
        """Store the labels and say what became of each row."""
        for label in labels:
            if label.score_id is None and label.record_key is None:
                raise InvalidInput("a label must name a score_id or a record_key")
        findings = Findings()
        for row, label in enumerate(labels):
            made = self._scored_at(use_case, label.score_id)
            if made is not None and label.label_time < made - CLOCK_TOLERANCE:
                problem = "label_time is before the score that the label names"
                findings.add(Problem("before_score", problem, "label_time", row))
        findings.raise_if_any()
        with self._lock:
            earlier = self._answers.find((use_case,), idempotency_key, fingerprint)
            if earlier is not None:
                return earlier
            now, import_id = self._clock(), new_import_id()
            done = [
                self._take(use_case, label, now, label_id(import_id, row))
                for row, label in enumerate(labels)
            ]
            verdicts = [verdict for verdict, _ in done]
            receipt = LabelReceipt(
                import_id=import_id,
                use_case=use_case,
                received_at=now,
                verdicts=tuple(verdicts),
                label_ids=tuple(stored for _, stored in done),
                counts={verdict.value: verdicts.count(verdict) for verdict in Verdict},
            )
            self._answers.keep((use_case,), idempotency_key, fingerprint, receipt)
            self._receipts[import_id] = receipt
            return receipt

    def import_batches(
        self,
        use_case: str,
        batches: Iterable[pa.RecordBatch],
        *,
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> ImportedLabels:
        """Store labels in batches."""
        from crispml_core.tables.label_table import to_labels

        receipt = self.add(
            use_case,
            [label for batch in batches for label in to_labels(batch)],
            idempotency_key=idempotency_key,
            fingerprint=fingerprint,
        )
        return ImportedLabels(
            import_id=receipt.import_id,
            use_case=receipt.use_case,
            received_at=receipt.received_at,
            row_count=len(receipt.verdicts),
            counts=receipt.counts,
        )

    def verdicts(self, import_id: str) -> Iterator[pa.RecordBatch]:
        """Yield what became of each row of an import, in order."""
        import pyarrow as pa

        if import_id not in self._receipts:
            raise NotFound("label import")
        receipt = self._receipts[import_id]
        yield pa.RecordBatch.from_pydict(
            {
                "row": range(len(receipt.verdicts)),
                "verdict": [verdict.value for verdict in receipt.verdicts],
                "label_id": pa.array(receipt.label_ids, pa.string()),
            }
        )

    def count_received(self, use_case: str, start: datetime, end: datetime) -> int:
        """Return how many labels were received in (start, end], corrections included."""
        kept = (label for label in self._ledger.labels if label.use_case == use_case)
        return sum(start < label.received_at <= end for label in kept)

    def find(
        self,
        *,
        use_case: str | None = None,
        score_id: str | None = None,
        record_key: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[StoredLabel]:
        """Return labels with their history, newest first, older than the label `before`."""
        found = [
            label
            for label in self._ledger.labels
            if use_case in (None, label.use_case)
            and score_id in (None, label.score_id)
            and record_key in (None, label.record_key)
            and (before is None or label.label_id < before)
        ]
        return sorted(found, key=lambda label: label.label_id, reverse=True)[:limit]

    def _take(
        self, use_case: str, label: Label, received_at: datetime, identifier: str
    ) -> tuple[Verdict, str | None]:
        kept = self._ledger.labels
        place = next((i for i, old in enumerate(kept) if _same(old, use_case, label)), None)
        now = None if place is None else kept[place]
        if now is not None and as_text(now.value) == as_text(label.value):
            return Verdict.DUPLICATE, None
        is_current = now is None or label.label_time >= now.label_time
        if place is not None and is_current:
            kept[place] = replace(kept[place], is_current=False)
        stored = StoredLabel(
            label_id=identifier,
            use_case=use_case,
            value=label.value if isinstance(label.value, str) else float(label.value),
            label_time=label.label_time,
            received_at=received_at,
            score_id=label.score_id,
            record_key=label.record_key,
            source=label.source,
            is_current=is_current,
            supersedes=now.label_id if now is not None and is_current else None,
            propensity=label.propensity,
            scored_until=label.scored_until,
        )
        kept.append(stored)
        if now is not None:
            return Verdict.SUPERSEDED, stored.label_id
        known = self._is_scored(use_case, label)
        return (Verdict.ACCEPTED if known else Verdict.UNKNOWN), stored.label_id

    def _is_scored(self, use_case: str, label: Label) -> bool:
        if label.score_id is not None:
            return self._scored_at(use_case, label.score_id) is not None
        return any(
            label.scored_until is None or score.scored_at <= label.scored_until
            for score in self._ledger.find(
                use_case=use_case, record_key=label.record_key, limit=1_000_000
            )
        )

    def _scored_at(self, use_case: str, score_id: str | None) -> datetime | None:
        try:
            score = self._ledger.get(score_id or "")
        except NotFound:
            return None
        return score.scored_at if score.use_case == use_case else None


def _same(stored: StoredLabel, use_case: str, label: Label) -> bool:
    """Whether `stored` is the current label about what `label` is about."""
    if not stored.is_current or stored.use_case != use_case or stored.score_id != label.score_id:
        return False
    return label.score_id is not None or (
        (stored.record_key, stored.scored_until) == (label.record_key, label.scored_until)
    )
