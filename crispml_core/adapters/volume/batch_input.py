"""Parquet files as the records of a batch, read piece by piece from any row on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from crispml_core.adapters.volume.batch_errors import batch_errors
from crispml_core.domain.batches import Stamp, source_changed
from crispml_core.domain.datasets import StoredFile
from crispml_core.domain.errors import MalformedContent

_BUFFER_BYTES = 1 << 20
_READ_ROWS = 32_768


class ParquetInput:
    """The records of Parquet files with the same columns, one file after the other.

    Parameters
    ----------
    files : sequence of Path
        At least one.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = tuple(files)
        with batch_errors():
            self._stamps = [_stamp(file) for file in files]
        with _readable():
            footers = [_footer(file) for file in files]
        self._rows = [rows for rows, _ in footers]
        self._columns = footers[0][1]
        if any(set(columns.names) != set(self._columns.names) for _, columns in footers):
            raise MalformedContent("source: the files of the folder must have the same columns")

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self._columns.names)

    @property
    def rows(self) -> int:
        """How many records there are."""
        return sum(self._rows)

    def identity(self) -> tuple[StoredFile, ...]:
        """Return the files with their digests; reads all of their bytes."""
        found = []
        with batch_errors():
            for path in self._files:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                    found.append(StoredFile(path.name, file.tell(), digest))
        self._check_unchanged()
        return tuple(found)

    def stamps(self) -> tuple[Stamp, ...]:
        """Return size and moment of change of each file; see `BatchInput`."""
        # Not the number of the file, which machines may have different ones for.
        return tuple((size, changed) for _, size, changed in self._stamps)

    def batches(
        self, rows: int, *, start: int = 0, stop: int | None = None, repeating: Collection[str] = ()
    ) -> Iterator[pa.RecordBatch]:
        """Yield the records from number `start` on; see `BatchInput`."""
        pieces: list[pa.RecordBatch] = []
        waiting = 0
        wanted = (self.rows if stop is None else stop) - start
        for piece in _first_rows(self._pieces(start, repeating), wanted):
            while len(piece):
                taken = piece.slice(0, rows - waiting)
                piece = piece.slice(len(taken))
                pieces.append(taken)
                waiting += len(taken)
                if waiting == rows:
                    self._check_unchanged()
                    yield _joined(pieces)
                    pieces, waiting = [], 0
        self._check_unchanged()
        if waiting:
            yield _joined(pieces)

    def _pieces(self, start: int, repeating: Collection[str]) -> Iterator[pa.RecordBatch]:
        first = 0
        for path, rows in zip(self._files, self._rows, strict=True):
            if start < first + rows:
                with _readable():
                    yield from self._read(path, max(0, start - first), repeating)
            first += rows

    def _read(self, path: Path, skip: int, repeating: Collection[str]) -> Iterator[pa.RecordBatch]:
        with pq.ParquetFile(path) as file:
            texts = _texts(file.schema_arrow, repeating)
        with pq.ParquetFile(
            path, read_dictionary=texts, pre_buffer=False, buffer_size=_BUFFER_BYTES
        ) as file:
            groups, first = list(range(file.num_row_groups)), 0
            while groups and first + (size := file.metadata.row_group(groups[0]).num_rows) <= skip:
                groups.pop(0)
                first += size
            for batch in file.iter_batches(_READ_ROWS, row_groups=groups, use_threads=False):
                if first + len(batch) > skip:
                    batch.validate(full=True)
                    yield batch.slice(max(0, skip - first)).select(self._columns.names)
                first += len(batch)

    def _check_unchanged(self) -> None:
        with batch_errors():
            if [_stamp(file) for file in self._files] != self._stamps:
                raise source_changed()


def _first_rows(pieces: Iterable[pa.RecordBatch], wanted: int) -> Iterator[pa.RecordBatch]:
    """Yield so many rows; what is behind them is not read."""
    for piece in pieces:
        yield piece.slice(0, wanted)
        wanted -= len(piece)
        if wanted <= 0:
            return


def _joined(pieces: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(pieces) == 1:
        return pieces[0]
    # Dictionaries of different pieces become one.
    table = pa.Table.from_batches(_alike(pieces)).unify_dictionaries().combine_chunks()
    (joined,) = table.to_batches()
    return joined


def _alike(pieces: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """Return pieces with the types of the first; files of a folder may differ in theirs."""
    schema = pieces[0].schema.remove_metadata()
    try:
        return [piece.replace_schema_metadata(None).cast(schema) for piece in pieces]
    except pa.ArrowException:
        raise MalformedContent(
            "source: the files of the folder must have columns of the same types"
        ) from None


def _stamp(file: Path) -> tuple[int, int, int]:
    status = os.stat(file)
    return status.st_ino, status.st_size, status.st_mtime_ns


def _footer(file: Path) -> tuple[int, pa.Schema]:
    with pq.ParquetFile(file) as opened:
        return opened.metadata.num_rows, opened.schema_arrow


def _texts(schema: pa.Schema, repeating: Collection[str]) -> list[str]:
    return [
        name
        for name in repeating
        if schema.names.count(name) == 1 and pa.types.is_string(schema.field(name).type)
    ]


@contextmanager
def _readable() -> Iterator[None]:
    malformed = "source: a file is damaged, or is not Parquet; write it again"
    try:
        yield
    except (pa.ArrowException, UnicodeDecodeError):
        raise MalformedContent(malformed) from None
    except OSError as error:
        # pyarrow raises a bare OSError, without a number, for bytes it cannot decode.
        if error.errno is None:
            raise MalformedContent(malformed) from None
        with batch_errors():
            raise
