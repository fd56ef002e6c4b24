"""CSV bodies: every column is read as text, in blocks; what the text means is checked later."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from crispml_core.domain.errors import MalformedContent, TooLarge
from crispml_core.domain.fields import RecordSchema
from crispml_core.domain.sources import other_separator

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK_BYTES = 4 << 20
_HEADER_BYTES = 1 << 20
# How pyarrow says that there is nothing after the header, with and without a last newline.
_NOTHING_FOLLOWS = ("Empty CSV file", "Could not skip initial")
_ROW = re.compile(r"Row #(\d+)")
_BOM = b"\xef\xbb\xbf"


def header_of(file: BinaryIO) -> tuple[list[str], int]:
    """Return the names in the header line, and how many lines come before the first row.

    Raises
    ------
    MalformedContent
        If there is no header, it is no CSV in UTF-8, or its columns are not separated by commas.
    """
    file.seek(0)
    start = file.read(_HEADER_BYTES)
    # The block may end inside a character, which is no concern of the header.
    text = start.removeprefix(_BOM).decode(errors="surrogateescape")
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        names = next((row for row in reader if row), [])
        "".join(names).encode()
    except (csv.Error, UnicodeEncodeError):
        raise MalformedContent("the header line of the CSV body is not CSV in UTF-8") from None
    if not names:
        raise MalformedContent("the CSV body is empty; it needs a header line and rows")
    if "\0" in "".join(names):
        raise MalformedContent("the header line of the CSV body holds a NUL")
    if other := other_separator(names):
        raise MalformedContent(
            f"the header line of the CSV body is one column with {other} in it; "
            "separate the columns by commas"
        )
    return names, reader.line_num


def read_csv(
    file: BinaryIO, names: list[str], lines: int, schema: RecordSchema
) -> Iterator[pa.RecordBatch]:
    """Yield the rows after the header; categories as dictionaries, everything else as text.

    An empty field is missing; an empty line is skipped.

    Parameters
    ----------
    file : binary file
        Can be sought.
    names, lines : list of str, int
        See `header_of`; no name is there twice.
    schema : RecordSchema
        Says which columns are categories.

    Raises
    ------
    MalformedContent
        If a row has another number of fields, or the text is not UTF-8 or holds a NUL.
    TooLarge
        If a row is longer than a block.
    """
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    categories = {field.name for field in schema if field.type == "category"}
    codes = pa.dictionary(pa.int32(), pa.string())
    file.seek(0)
    try:
        with pa_csv.open_csv(
            pa.PythonFile(_TextFile(file), mode="r"),
            pa_csv.ReadOptions(
                use_threads=False, block_size=_BLOCK_BYTES, skip_rows=lines, column_names=names
            ),
            pa_csv.ParseOptions(newlines_in_values=True),
            pa_csv.ConvertOptions(
                column_types={name: codes if name in categories else pa.string() for name in names},
                null_values=[""],
                strings_can_be_null=True,
            ),
        ) as reader:
            yield from reader
    except _HoldsNul:
        raise MalformedContent("the CSV body holds a NUL; it is not text") from None
    except pa.ArrowInvalid as error:
        if not str(error).startswith(_NOTHING_FOLLOWS):
            raise _refusal(str(error), len(names)) from None


def _refusal(said: str, columns: int) -> MalformedContent | TooLarge:
    """Say what pyarrow refused, without the row that it quotes."""
    if "straddling" in said:
        return TooLarge(f"a row of the CSV body is longer than {_BLOCK_BYTES >> 20} MiB")
    if "UTF8" in said:
        return MalformedContent("the CSV body is not UTF-8; send it as UTF-8")
    found = _ROW.search(said)
    where = f"line {found[1]} of the CSV body" if found else "a row of the CSV body"
    return MalformedContent(
        f"{where} cannot be read; it needs {columns} fields, check delimiters and quotes"
    )


class _HoldsNul(Exception):
    """Says that a body holds a zero byte, which no text does and pyarrow would let through."""


class _TextFile(io.RawIOBase):
    """The bytes of a file, refused as soon as one of them is zero."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        block = self._file.read(-1 if size is None else size)
        if b"\0" in block:
            raise _HoldsNul
        return block
