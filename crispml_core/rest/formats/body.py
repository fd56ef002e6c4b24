"""The records of a request body as validated batches, in bounded memory."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from crispml_core.domain.errors import InvalidInput, TooLarge
from crispml_core.domain.fields import RecordSchema
from crispml_core.rest.formats.arrow_body import arrow_names, read_arrow
from crispml_core.rest.formats.csv_body import header_of, read_csv
from crispml_core.rest.formats.media import ARROW, CSV, NDJSON, PARQUET
from crispml_core.rest.formats.ndjson_body import read_ndjson
from crispml_core.rest.formats.parquet_body import parquet_names, read_parquet
from crispml_core.tables.batch_check import BatchCheck, sliced
from crispml_core.tables.findings import Findings
from crispml_core.tables.records import RecordReader

if TYPE_CHECKING:
    import pyarrow as pa

Checked = tuple["pa.RecordBatch", Findings]


class RecordBody:
    """A body of CSV, NDJSON, Parquet or an Arrow stream.

    It can be read more than once: first to check all of it, then to score it.

    Parameters
    ----------
    content : bytes or binary file
        A file can be sought; a real one is mapped where that saves memory.
    media : str
        Media type, see `crispml_core.rest.formats.media.record_media`.
    schema : RecordSchema
        What a record is.
    target : str, optional
        Name of the target, which must not be sent.
    max_rows : int
        Most records.
    max_bytes : int
        Most bytes after decompression, where the format itself compresses.
    """

    def __init__(
        self,
        content: bytes | BinaryIO,
        media: str,
        schema: RecordSchema,
        target: str | None = None,
        *,
        max_rows: int,
        max_bytes: int,
    ) -> None:
        self._file = io.BytesIO(content) if isinstance(content, bytes) else content
        self._media, self._schema, self._target = media, schema, target
        self._max_rows, self._max_bytes = max_rows, max_bytes

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield batches of at most `MAX_BATCH_ROWS` rows that keep every rule.

        After the first finding nothing is yielded any more, but the rest is checked, so that all
        findings are said at once.

        Raises
        ------
        InvalidRecords
            At the end, if there was a finding. Row numbers are those of the whole body.
        InvalidInput
            If the body has no records.
        MalformedContent
            If the bytes are not what the media type says.
        TooLarge
            If there are too many rows or bytes.
        """
        findings, rows = Findings(), 0
        for batch, found in self._checked():
            rows += len(batch)
            if rows > self._max_rows:
                raise TooLarge(f"records: send at most {self._max_rows} in one request")
            findings.extend(found)
            if not findings and len(batch):
                yield batch
        findings.raise_if_any()
        if not rows:
            raise InvalidInput("records: send at least one")

    def count(self) -> int:
        """Check everything and return the number of records; raises what `batches` raises."""
        return sum(len(batch) for batch in self.batches())

    def _checked(self) -> Iterator[Checked]:
        if self._media == NDJSON:
            yield from self._checked_records()
            return
        check, rows = BatchCheck(self._schema, self._target), 0
        names, raw = self._raw()
        check.names(names).raise_if_any()
        for batch in sliced(raw):
            yield check.check(batch, rows)
            rows += len(batch)

    def _checked_records(self) -> Iterator[Checked]:
        key = self._schema.record_key
        reader, rows = RecordReader(self._schema, target=self._target, record_key=key), 0
        for records in read_ndjson(self._file):
            batch, findings = reader.read(records, rows)
            rows += len(records)
            for part in sliced([batch]):
                yield part, findings
                findings = Findings()

    def _raw(self) -> tuple[list[str], Iterator[pa.RecordBatch]]:
        file = self._file
        if self._media == CSV:
            names, lines = header_of(file)
            return names, read_csv(file, names, lines, self._schema)
        if self._media == PARQUET:
            return parquet_names(file), read_parquet(file, self._schema, self._max_bytes)
        assert self._media == ARROW
        return arrow_names(file), read_arrow(file)
