"""Method 8, CRISP-DM *monitor*: read the ground truth as it comes.

In come label rows as a caller sent them, out go labels that keep the schema of the target. Joining
them to scores, once each, is the business of the label store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.privacy import NO_SECRETS, Secrets, key_rule
from crispml_core.domain.use_case import UseCase
from crispml_core.tables.findings import Findings

if TYPE_CHECKING:
    import pyarrow as pa


class NewDataLabel:
    """Validate label rows.

    Parameters
    ----------
    use_case : UseCase
        Whose truth it is.
    secrets : Secrets
        The keys of the process: record keys may be stored as pseudonyms.

    Raises
    ------
    InvalidInput
        If the policy of the record key needs a key that the process has not.
    """

    def __init__(self, use_case: UseCase, secrets: Secrets = NO_SECRETS) -> None:
        self._target, self._key_rule = use_case.target, key_rule(use_case, secrets)

    def run(
        self, parts: Iterable[Sequence[Any] | pa.RecordBatch], received_at: datetime
    ) -> Iterator[pa.RecordBatch]:
        """Turn rows into labels, part by part, in bounded memory.

        After the first finding nothing is yielded any more, but the rest is checked, so that all
        findings are said at once.

        Parameters
        ----------
        parts : iterable
            Rows as dictionaries, or as columns. Each row has ``label``, one of ``score_id`` and
            ``record_key``, and optionally ``label_time`` (RFC 3339), ``source``, ``propensity``, a
            number in (0, 1], and beside a key ``scored_until`` (RFC 3339).
        received_at : datetime
            The label time of rows without one.

        Returns
        -------
        iterator of pyarrow.RecordBatch
            With the columns of `crispml_core.tables.label_table.LABELS`.

        Raises
        ------
        InvalidRecords
            At the end, if any row is wrong; then none must be taken.
        InvalidInput
            If there are no rows.
        """
        findings, rows = Findings(), 0
        for part in parts:
            batch, found = self._read(part, rows, received_at)
            rows += len(part)
            findings.extend(found)
            if not findings and len(batch):
                yield self._stored(batch)
        findings.raise_if_any()
        if not rows:
            raise InvalidInput("labels is empty; send at least one label")

    def _stored(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return labels with the record keys that scores are stored with."""
        if self._key_rule is None:
            return batch
        from crispml_core.tables.private_columns import with_rule

        return with_rule(batch, "record_key", self._key_rule)

    def _read(
        self, part: Sequence[Any] | pa.RecordBatch, first_row: int, received_at: datetime
    ) -> tuple[pa.RecordBatch, Findings]:
        from crispml_core.tables.label_cells import plain_columns, rows_of
        from crispml_core.tables.label_columns import accepted, columns_of
        from crispml_core.tables.label_entries import LabelRows
        from crispml_core.tables.label_table import from_labels

        columns = columns_of(part) if isinstance(part, Sequence) else plain_columns(part)
        if columns is not None:
            batch = accepted(columns, len(part), self._target, received_at)
            if batch is not None:
                return batch, Findings()
        rows: Sequence[Any]
        if isinstance(part, Sequence):
            rows = part
        else:
            assert columns is not None
            rows = rows_of(columns, len(part))
        labels, findings = LabelRows(self._target, received_at).read(rows, first_row)
        return from_labels(labels), findings
