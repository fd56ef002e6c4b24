"""Method 1, DataIngestion: batches of a source become checked batches of raw data.

In: rows as the source gives them. Out: rows in exactly the record schema and the target. It does
not select, sample or store: that is the business of the source and of the data set writer.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.use_case import UseCase
from crispml_core.tables.conform import conform
from crispml_core.tables.findings import Findings
from crispml_core.tables.uniqueness import KeyRegister

Batches = Iterable[pa.RecordBatch]


class DataIngestion:
    """Checks every row of a source against the record schema, in one pass and bounded memory."""

    def __init__(self, use_case: UseCase) -> None:
        self._use_case = use_case
        self._fields = (*use_case.fields, use_case.target.field)

    def run(
        self, batches: Batches, *, reread: Callable[[], Batches] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows as raw data.

        What was yielded is good only if the iterator ends without an error: whoever writes it
        publishes it after that. Reading goes on after a finding, to count them all, but nothing
        more is yielded.

        Parameters
        ----------
        batches : iterable of pyarrow.RecordBatch
            The rows as the source names and types them.
        reread : callable, optional
            Opens the same rows again. Record keys are compared by 64-bit hashes; should two be
            equal, a second pass looks at the keys themselves. Without it, equal hashes count as
            equal keys: among 5 million keys the chance of a false alarm is 1 in 1.5 million.

        Raises
        ------
        InvalidRecords
            If columns, values or record keys break the record schema.
        InvalidInput
            If there are no rows, or all of them are of one class.
        """
        findings, keys, rows = Findings(), KeyRegister(), 0
        classes: set[str] = set()
        for batch in _closed_at_the_end(batches):
            raw, found = self._conform(batch, rows)
            findings.extend(found)
            if findings.about_table:
                findings.raise_if_any()
            rows += raw.num_rows
            keys.add(raw.column(self._use_case.record_key))
            if self._use_case.target.is_classification:
                classes.update(pc.unique(raw.column(self._use_case.target.name)).to_pylist())
            if raw.num_rows and not findings:
                yield raw
        again = None if reread is None else lambda: self._keys(reread())
        keys.report(findings, self._use_case.record_key, again)
        findings.raise_if_any()
        self._check_whole(rows, classes)

    def _conform(self, batch: pa.RecordBatch, offset: int) -> tuple[pa.RecordBatch, Findings]:
        return conform(batch, self._fields, offset=offset, record_key=self._use_case.record_key)

    def _keys(self, batches: Batches) -> Iterator[pa.Array]:
        key = self._use_case.schema[self._use_case.record_key]
        for batch in batches:
            yield conform(batch.select([key.name]), [key])[0].column(0)

    def _check_whole(self, rows: int, classes: set[str]) -> None:
        target = self._use_case.target
        if rows == 0:
            raise InvalidInput("the source gave no rows; check the file, the query and the filter")
        if target.is_classification and len(classes) < 2:
            raise InvalidInput(
                f"every row has the same {target.name}; a model needs rows of at least two classes"
            )


def _closed_at_the_end(batches: Batches) -> Iterator[pa.RecordBatch]:
    """Yield the batches; end their source at once when reading stops early.

    A source holds a file or a transaction, which must not wait for the garbage collector.
    """
    try:
        yield from batches
    finally:
        if isinstance(batches, Generator):
            batches.close()
