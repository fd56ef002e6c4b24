"""What becomes of each row of a label import."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crispml_core.adapters.sql.idempotency import digest
from crispml_core.adapters.sql.values import as_number, as_text
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.scores import Label, LabelReceipt, Verdict


def score_subject(use_case: str, score_id: str) -> str:
    """Return the digest that stands for one score."""
    return digest(use_case, "score", score_id)


def record_subject(use_case: str, record_key: str) -> str:
    """Return the digest that stands for every score of one record."""
    return digest(use_case, "record", record_key)


def subject_of(use_case: str, label: Label) -> str:
    """Return the digest of what the label is about: a score, or else a record."""
    if label.score_id is not None:
        return score_subject(use_case, label.score_id)
    if label.record_key is None:
        raise InvalidInput("a label must name a score_id or a record_key")
    return record_subject(use_case, label.record_key)


@dataclass(frozen=True, slots=True)
class Current:
    """The label that counts for a subject now."""

    label_id: str
    value_text: str
    label_time: datetime


class LabelImport:
    """The verdicts of one import, and the changes of the table that follow from them.

    Parameters
    ----------
    current : dict
        The current label by subject, before the import.
    scored : set of str
        The subjects that have a score.
    """

    def __init__(
        self, use_case: str, received_at: datetime, current: dict[str, Current], scored: set[str]
    ) -> None:
        self.import_id = str(new_id())
        self.use_case = use_case
        self.received_at = received_at
        self._current = current
        self._scored = scored
        self._new: dict[str, dict[str, Any]] = {}
        self._verdicts: list[Verdict] = []
        self._label_ids: list[str | None] = []
        self.corrections: list[dict[str, Any]] = []

    @property
    def new_labels(self) -> list[dict[str, Any]]:
        """The rows to insert."""
        return list(self._new.values())

    def take(self, label: Label, subject: str) -> None:
        """Decide about the next row."""
        now = self._current.get(subject)
        if now is not None and now.value_text == as_text(label.value):
            self._note(Verdict.DUPLICATE, None)
            return
        label_id = str(new_id())
        if now is None:
            verdict = Verdict.ACCEPTED if subject in self._scored else Verdict.UNKNOWN
            self._store(label_id, label, verdict, subject)
        elif label.label_time >= now.label_time:
            self._supersede(now.label_id, label_id)
            self._store(label_id, label, Verdict.SUPERSEDED, subject, supersedes=now.label_id)
        else:
            self._store(label_id, label, Verdict.SUPERSEDED, None, superseded_by=now.label_id)

    def receipt(self) -> LabelReceipt:
        """Return the answer to the import."""
        return make_receipt(
            self.import_id, self.use_case, self.received_at, self._verdicts, self._label_ids
        )

    def _note(self, verdict: Verdict, label_id: str | None) -> None:
        self._verdicts.append(verdict)
        self._label_ids.append(label_id)

    def _store(
        self,
        label_id: str,
        label: Label,
        verdict: Verdict,
        subject: str | None,
        *,
        supersedes: str | None = None,
        superseded_by: str | None = None,
    ) -> None:
        self._new[label_id] = {
            "label_id": label_id,
            "import_id": self.import_id,
            "row_number": len(self._verdicts),
            "use_case": self.use_case,
            "score_id": label.score_id,
            "record_key": label.record_key,
            "value_text": as_text(label.value),
            "value_number": as_number(label.value),
            "label_time": label.label_time,
            "received_at": self.received_at,
            "source": label.source,
            "verdict": verdict.value,
            "current_subject": subject,
            "supersedes": supersedes,
            "superseded_by": superseded_by,
            "superseded_at": self.received_at if superseded_by else None,
            "propensity": label.propensity,
        }
        if subject is not None:
            self._current[subject] = Current(label_id, as_text(label.value), label.label_time)
        self._note(verdict, label_id)

    def _supersede(self, earlier: str, later: str) -> None:
        row = self._new.get(earlier)
        if row is None:
            self.corrections.append({"earlier": earlier, "later": later})
        else:
            row.update(current_subject=None, superseded_by=later, superseded_at=self.received_at)


def make_receipt(
    import_id: str,
    use_case: str,
    received_at: datetime,
    verdicts: list[Verdict],
    label_ids: list[str | None],
) -> LabelReceipt:
    """Build a receipt with its counts."""
    return LabelReceipt(
        import_id=import_id,
        use_case=use_case,
        received_at=received_at,
        verdicts=tuple(verdicts),
        label_ids=tuple(label_ids),
        counts={verdict.value: verdicts.count(verdict) for verdict in Verdict},
    )
