"""Finds the line that makes a CSV file unreadable.

pyarrow reads fast and says little about what it cannot read. So a file that it refused is read once
more, slowly, up to the first fault.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path


class _Fault(Exception):
    """Carries the sentence out of the generator of lines."""


def fault(path: Path, delimiter: str, columns: int, longest: int) -> str:
    """Return a sentence that names the first line at fault.

    Parameters
    ----------
    path : Path
        The file.
    delimiter : str
        One character.
    columns : int
        How many columns a row must have; 0 when the header itself is at fault.
    longest : int
        How many bytes a row may have.
    """
    ends = 0
    try:
        reader = csv.reader(_lines(path, longest), delimiter=delimiter)
        for row in reader:
            begins, ends = ends + 1, reader.line_num
            if columns and row and len(row) != columns:
                return (
                    f"line {begins} of the CSV file has {len(row)} columns instead of {columns}; "
                    "check delimiters and quotes"
                )
    except _Fault as found:
        return str(found)
    except csv.Error:
        pass
    return (
        f"line {ends + 1} of the CSV file cannot be read; check its quotes, and that a row has "
        f"less than {longest >> 20} MiB"
    )


def _lines(path: Path, longest: int) -> Iterator[str]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(longest + 1):
            number += 1
            if len(line) > longest:
                raise _Fault(f"line {number} of the CSV file is longer than {longest >> 20} MiB")
            if b"\0" in line:
                raise _Fault(f"line {number} of the CSV file holds a NUL; it is not text")
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise _Fault(
                    f"line {number} of the CSV file is not UTF-8; save the file as UTF-8"
                ) from None
