"""What becomes of each row of a label import, batch by batch.

Nearly every label is about something that has no label yet. Those are columns from their file to
their table; only the rows that meet an earlier label, in the table or in their own batch, are
looked at one by one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, select

from crispml_core.adapters.sql.databases.among import among
from crispml_core.adapters.sql.labels.rows import insert_labels, supersede
from crispml_core.adapters.sql.labels.subjects import Subjects, subjects_of
from crispml_core.adapters.sql.schema.tables import labels
from crispml_core.domain.errors import TooLarge
from crispml_core.domain.labels import CLOCK_TOLERANCE, MAX_IMPORT_ROWS, Verdict
from crispml_core.tables.findings import Findings
from crispml_core.tables.score_table import score_ids

_TOO_EARLY = (
    "label_time is before the score that the label names; send the moment when the truth was known"
)


@dataclass(frozen=True, slots=True)
class Current:
    """The label that counts for a subject now; `row` where it came with the same batch."""

    label_id: str
    value_text: str
    label_time: datetime
    row: int | None = None


class LabelImport:
    """The verdicts of one import, and the changes of the table that follow from them.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Of the transaction that the import is.
    """

    def __init__(
        self, connection: Connection, use_case: str, import_id: str, received_at: datetime
    ) -> None:
        self._connection, self._use_case = connection, use_case
        self._import_id, self._received_at = import_id, received_at
        self._findings = Findings()
        self.rows = 0
        self.counts: Counter[str] = Counter()

    def take(self, batch: pa.RecordBatch) -> None:
        """Decide about the next rows and store them; after a finding they are only checked."""
        first, self.rows = self.rows, self.rows + len(batch)
        if self.rows > MAX_IMPORT_ROWS:
            raise TooLarge(f"labels: send at most {MAX_IMPORT_ROWS} in one request")
        subjects = subjects_of(self._use_case, batch)
        about = Subjects(self._connection, self._use_case, batch)
        self._check_times(batch, about.scored_at, first)
        if self._findings:
            return
        current = _current(self._connection, subjects)
        decided = _Decisions(batch, subjects, current, self._import_id, first)
        stored = decided.stored
        verdicts = decided.verdicts
        fresh = np.flatnonzero(verdicts == Verdict.ACCEPTED.value)
        verdicts[fresh[~about.has_score(fresh)]] = Verdict.UNKNOWN.value
        self.counts.update(verdicts.tolist())
        supersede(self._connection, decided.corrections, self._received_at)
        constant = {
            "import_id": self._import_id,
            "use_case": self._use_case,
            "received_at": self._received_at,
        }
        columns = {name: column[stored] for name, column in decided.columns.items()}
        columns |= {"row_number": stored + first, "verdict": verdicts[stored]}
        some = batch if len(stored) == len(batch) else batch.take(pa.array(stored))
        insert_labels(self._connection, some, columns, constant)

    def finish(self) -> None:
        """Raise `InvalidRecords` if there was a finding."""
        self._findings.raise_if_any()

    def _check_times(
        self, batch: pa.RecordBatch, scored_at: dict[str, datetime], first: int
    ) -> None:
        if not scored_at:
            return
        made = pa.array(list(scored_at.values()), pa.timestamp("us", "UTC"))
        named = pc.index_in(batch["score_id"], pa.array(list(scored_at), pa.string()))
        earliest = pc.subtract(made, pa.scalar(CLOCK_TOLERANCE)).take(named)
        early = pc.less(batch["label_time"], earliest).fill_null(False)
        rows = np.flatnonzero(early.to_numpy(zero_copy_only=False)) + first
        if len(rows):
            self._findings.add_rows("before_score", _TOO_EARLY, "label_time", rows)


def _current(connection: Connection, subjects: list[str]) -> dict[str, Current]:
    column = labels.c.current_subject
    query = select(column, labels.c.label_id, labels.c.value_text, labels.c.label_time)
    return {
        subject: Current(*facts)
        for condition in among(connection.dialect, column, subjects)
        for subject, *facts in connection.execute(query.where(condition)).all()
    }


class _Decisions:
    """What becomes of the rows of a batch, and what its rows need in the table."""

    def __init__(
        self,
        batch: pa.RecordBatch,
        subjects: list[str],
        current: dict[str, Current],
        import_id: str,
        first: int,
    ) -> None:
        self._batch, self._subjects, self._current = batch, subjects, current
        # As `label_id` of the domain makes them one by one.
        ids = score_ids(import_id, first, len(batch)).to_pylist()
        self.verdicts = _objects([Verdict.ACCEPTED.value] * len(batch))
        self.columns = {"label_id": _objects(ids), "current_subject": _objects(subjects)} | {
            name: _objects([None] * len(batch)) for name in ("supersedes", "superseded_by")
        }
        self.corrections: list[dict[str, Any]] = []
        self._meet_earlier_labels()

    @property
    def stored(self) -> np.ndarray:
        """The rows that are no duplicates."""
        return np.flatnonzero(self.verdicts != Verdict.DUPLICATE.value)

    def _meet_earlier_labels(self) -> None:
        seen = set(self._current)
        meeting, places = [], {}
        for row, subject in enumerate(self._subjects):
            if subject in seen:
                meeting.append(row)
            else:
                seen.add(subject)
                places[subject] = row
        if meeting:
            values = self._batch["value_text"].to_pylist()
            for row in meeting:
                self._meet(row, values, places)

    def _meet(self, row: int, values: list[str], places: dict[str, int]) -> None:
        subject, ids = self._subjects[row], self.columns["label_id"]
        now = self._current.get(subject)
        if now is None:
            first = places[subject]
            now = Current(ids[first], values[first], self._time(first), first)
        if now.value_text == values[row]:
            self.verdicts[row] = Verdict.DUPLICATE.value
            return
        self.verdicts[row] = Verdict.SUPERSEDED.value
        if self._time(row) < now.label_time:
            # An older truth goes to the history at once.
            self.columns["current_subject"][row] = None
            self.columns["superseded_by"][row] = now.label_id
            return
        if now.row is None:
            self.corrections.append({"earlier": now.label_id, "later": ids[row]})
        else:
            self.columns["current_subject"][now.row] = None
            self.columns["superseded_by"][now.row] = ids[row]
        self.columns["supersedes"][row] = now.label_id
        self._current[subject] = Current(ids[row], values[row], self._time(row), row)

    def _time(self, row: int) -> datetime:
        moment: datetime = self._batch["label_time"][row].as_py()
        return moment


def _objects(values: list[Any]) -> np.ndarray:
    return np.array(values, dtype=object)
