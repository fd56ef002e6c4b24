"""CSV files: every column is read as text, in blocks; what the text means is checked later."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from crispml_core.adapters.sources.csv_faults import fault
from crispml_core.adapters.sources.selecting import RowSelector
from crispml_core.domain.errors import InvalidInput, MalformedContent, StoreUnavailable
from crispml_core.domain.sources import CsvSource, Selection, other_separator
from crispml_core.domain.use_case import UseCase
from crispml_core.tables.schema import empty_batch

BLOCK_BYTES = 4 << 20
_HEADER_BYTES = 1 << 20
# How pyarrow says that there is nothing after the header, with and without a last newline.
_NOTHING_FOLLOWS = ("Empty CSV file", "Could not skip initial")
_BOM = b"\xef\xbb\xbf"


class CsvRecordSource:
    """Reads a CSV file: RFC 4180, UTF-8 with or without a byte order mark, a header line.

    A text of `CsvSource.missing` is missing in every column. An empty line is skipped.
    """

    def __init__(self, use_case: UseCase, declaration: CsvSource) -> None:
        if len(declaration.delimiter) != 1 or declaration.delimiter in '"\r\n':
            raise InvalidInput("delimiter of a CSV source must be one character, not a quote")
        self._use_case = use_case
        self._path = Path(declaration.path)
        self._delimiter = declaration.delimiter
        self._missing = declaration.missing

    def explain(self, selection: Selection) -> None:
        """Return None: no database is asked."""

    def read(self, selection: Selection) -> Iterator[pa.RecordBatch]:
        """Yield the selected rows; see `RecordSource`."""
        return RowSelector(self._use_case, selection).select(self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            with self._path.open("rb") as file:
                names, lines = self._header(file)
                # Without rows, too, the columns want to be checked.
                yield empty_batch(pa.schema([(name, pa.string()) for name in names]))
                file.seek(0)
                yield from self._rows(file, names, lines)
        except OSError as error:
            raise StoreUnavailable(
                f"the CSV file of use case {self._use_case.name} cannot be read: "
                f"{error.strerror or type(error).__name__}"
            ) from error

    def _header(self, file: io.BufferedReader) -> tuple[list[str], int]:
        """Return the column names and the number of lines before the first row."""
        start = file.read(_HEADER_BYTES)
        # The block may end inside a character, which is no concern of the header.
        text = start.removeprefix(_BOM).decode(errors="surrogateescape")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self._delimiter)
        try:
            names = next((row for row in reader if row), [])
            "".join(names).encode()
        except (csv.Error, UnicodeEncodeError) as error:
            raise self._malformed(0) from error
        if not names:
            raise MalformedContent("the CSV file is empty; it needs a header line and rows")
        if "\0" in "".join(names):
            raise self._malformed(0)
        if other := other_separator(names):
            raise MalformedContent(
                f"the header line of the CSV file is one column with {other} in it; separate the "
                "columns by the delimiter of the source, or declare another delimiter"
            )
        return names, reader.line_num

    def _rows(self, file: io.BufferedReader, names: list[str], lines: int) -> Iterator[Any]:
        # Names of our own, because pyarrow looks columns up by name and a header may repeat one.
        columns = [str(position) for position in range(len(names))]
        try:
            with pa_csv.open_csv(
                _TextFile(file),
                pa_csv.ReadOptions(
                    use_threads=False,
                    block_size=BLOCK_BYTES,
                    skip_rows=lines,
                    column_names=columns,
                ),
                pa_csv.ParseOptions(delimiter=self._delimiter, newlines_in_values=True),
                pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(columns, pa.string()),
                    null_values=list(self._missing),
                    strings_can_be_null=True,
                ),
            ) as reader:
                for batch in reader:
                    yield batch.rename_columns(names)
        except pa.ArrowInvalid as error:
            if str(error).startswith(_NOTHING_FOLLOWS):
                return
            raise self._malformed(len(names)) from error
        except _HoldsNul as error:
            raise self._malformed(len(names)) from error

    def _malformed(self, columns: int) -> MalformedContent:
        return MalformedContent(fault(self._path, self._delimiter, columns, BLOCK_BYTES))


class _HoldsNul(Exception):
    """Says that a file holds a zero byte, which no text does and pyarrow would let through."""


class _TextFile(io.RawIOBase):
    """The bytes of a file, refused as soon as one of them is zero."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        block = self._file.read(size)
        if b"\0" in block:
            raise _HoldsNul
        return block
