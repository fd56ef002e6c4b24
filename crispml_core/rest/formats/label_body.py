"""The labels of a request body, part by part, in bounded memory."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from crispml_core.domain.errors import InvalidInput, MalformedContent, TooLarge
from crispml_core.domain.fields import MAX_KEY_LENGTH, Field, RecordSchema
from crispml_core.domain.use_case import UseCase
from crispml_core.rest.content import JSON
from crispml_core.rest.formats.arrow_body import arrow_names, read_arrow
from crispml_core.rest.formats.csv_body import header_of, read_csv
from crispml_core.rest.formats.media import ARROW, CSV, NDJSON, PARQUET
from crispml_core.rest.formats.ndjson_body import read_ndjson
from crispml_core.rest.formats.parquet_body import parquet_names, read_parquet
from crispml_core.rest.label_dialects.choice import Dialect, LabelRowsOf
from crispml_core.rest.strict_json import parse_json
from crispml_core.tables.label_entries import ENTRIES
from crispml_core.tables.label_size import BATCH_ROWS

if TYPE_CHECKING:
    import pyarrow as pa


class LabelBody:
    """A body of JSON, NDJSON, CSV, Parquet or an Arrow stream; it can be gone through repeatedly.

    Parameters
    ----------
    content : bytes or binary file
        A file can be sought.
    media : str
        Media type, see `crispml_core.rest.formats.media.record_media`.
    use_case : UseCase
        Whose labels they are.
    dialect : str or None
        See `crispml_core.rest.label_dialects.choice`.
    max_rows : int
        Most labels.
    max_bytes : int
        Most bytes after decompression, where the format itself compresses.
    """

    def __init__(
        self,
        content: bytes | BinaryIO,
        media: str,
        use_case: UseCase,
        dialect: Dialect | None = None,
        *,
        max_rows: int,
        max_bytes: int,
    ) -> None:
        if dialect not in (None, "crispml") and media not in (JSON, NDJSON):
            raise InvalidInput(f"dialect {dialect} is JSON or NDJSON; send it as one of them")
        self._file = io.BytesIO(content) if isinstance(content, bytes) else content
        self._media, self._rows_of = media, LabelRowsOf(use_case, dialect)
        self._is_number = not use_case.target.is_classification
        self._max_rows, self._max_bytes = max_rows, max_bytes

    def __iter__(self) -> Iterator[list[Any] | pa.RecordBatch]:
        """Yield rows as dictionaries or as columns.

        Raises
        ------
        MalformedContent
            If the bytes are not what the media type says.
        InvalidInput
            If a column is not known, or rows have not the shape of their dialect.
        TooLarge
            If there are too many rows or bytes.
        """
        rows = 0
        for part in self._parts():
            rows += len(part)
            if rows > self._max_rows:
                raise TooLarge(f"labels: send at most {self._max_rows} in one request")
            yield part

    def _parts(self) -> Iterable[list[Any] | pa.RecordBatch]:
        file = self._file
        if self._media == JSON:
            return self._rows_of.parts([_rows_in(parse_json(self._whole()))])
        if self._media == NDJSON:
            return self._rows_of.parts(read_ndjson(file))
        if self._media == CSV:
            names, lines = header_of(file)
            _check_names(names)
            return map(self._from_text, _sliced(read_csv(file, names, lines, _SCHEMA)))
        if self._media == PARQUET:
            _check_names(parquet_names(file))
            return _sliced(read_parquet(file, _SCHEMA, self._max_bytes))
        assert self._media == ARROW
        _check_names(arrow_names(file))
        return _sliced(read_arrow(file))

    def _whole(self) -> bytes:
        self._file.seek(0)
        return self._file.read()

    def _from_text(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch of CSV whose numbers are such; what is none stays text."""
        import pyarrow as pa

        numbers = {"propensity"} | ({"label"} if self._is_number else set())
        for place, name in enumerate(batch.schema.names):
            if name in numbers:
                try:
                    column = batch.column(place).cast(pa.float64())
                except pa.ArrowInvalid:
                    continue
                batch = batch.set_column(place, name, column)
        return batch


_SCHEMA = RecordSchema(
    (
        Field("record_key", "string", max_length=MAX_KEY_LENGTH),
        *(Field(name, "string", nullable=True) for name in ENTRIES if name != "record_key"),
    ),
    record_key="record_key",
)


def _rows_in(body: Any) -> list[Any]:
    """Return the labels in a JSON body: a list, an object with ``labels``, or one of a dialect."""
    if isinstance(body, list):
        return body
    if not isinstance(body, dict):
        raise MalformedContent("send a list of labels, or {labels: [...]}")
    if set(body) == {"labels"} and isinstance(body["labels"], list):
        return body["labels"]
    if "labels" in body:
        raise InvalidInput("labels: send a list of labels, and nothing beside it")
    return [body]


def _sliced(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield batches of the size that labels are worked on in."""
    for batch in batches:
        for start in range(0, len(batch), BATCH_ROWS):
            yield batch.slice(start, BATCH_ROWS)


def _check_names(names: list[str]) -> None:
    """Raise unless the columns are entries of a label, each there once."""
    for position, name in enumerate(names, start=1):
        if name not in ENTRIES:
            raise InvalidInput(
                f"column {position} is not one of {', '.join(ENTRIES)}; rename or remove it"
            )
    if len(set(names)) != len(names):
        raise InvalidInput("a column is there twice; rename or remove one of them")
