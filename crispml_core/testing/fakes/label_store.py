"""Labels in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from crispml_core.domain.errors import InvalidInput, NotFound
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.scores import Label, LabelReceipt, StoredLabel, Verdict
from crispml_core.testing.fakes.idempotency import Answers
from crispml_core.testing.fakes.score_ledger import FakeScoreLedger, as_text


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

    def add(
        self,
        use_case: str,
        labels: Sequence[Label],
        *,
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> LabelReceipt:
        """Store the labels and say what became of each row."""
        if any(label.score_id is None and label.record_key is None for label in labels):
            raise InvalidInput("a label must name a score_id or a record_key")
        with self._lock:
            earlier = self._answers.find((use_case,), idempotency_key, fingerprint)
            if earlier is not None:
                return earlier
            now = self._clock()
            done = [self._take(use_case, label, now) for label in labels]
            verdicts = [verdict for verdict, _ in done]
            receipt = LabelReceipt(
                import_id=str(new_id()),
                use_case=use_case,
                received_at=now,
                verdicts=tuple(verdicts),
                label_ids=tuple(label_id for _, label_id in done),
                counts={verdict.value: verdicts.count(verdict) for verdict in Verdict},
            )
            self._answers.keep((use_case,), idempotency_key, fingerprint, receipt)
            return receipt

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
        self, use_case: str, label: Label, received_at: datetime
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
            label_id=str(new_id()),
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
        )
        kept.append(stored)
        if now is not None:
            return Verdict.SUPERSEDED, stored.label_id
        known = self._is_scored(use_case, label)
        return (Verdict.ACCEPTED if known else Verdict.UNKNOWN), stored.label_id

    def _is_scored(self, use_case: str, label: Label) -> bool:
        if label.score_id is None:
            return bool(self._ledger.find(use_case=use_case, record_key=label.record_key, limit=1))
        try:
            return self._ledger.get(label.score_id).use_case == use_case
        except NotFound:
            return False


def _same(stored: StoredLabel, use_case: str, label: Label) -> bool:
    """Whether `stored` is the current label about what `label` is about."""
    if not stored.is_current or stored.use_case != use_case or stored.score_id != label.score_id:
        return False
    return label.score_id is not None or stored.record_key == label.record_key
