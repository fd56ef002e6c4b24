"""Rows that somebody pasted: of a spreadsheet, of CSV, or JSON."""

from __future__ import annotations

import csv
import io

_JSON, _NDJSON, _CSV = "application/json", "application/x-ndjson", "text/csv"
_DELIMITERS = "\t;,"


def pasted(text: str) -> tuple[bytes, str]:
    r"""Return what the service reads, and its content type.

    Cells of a spreadsheet come with tabs between them; some countries write semicolons in CSV.

    Raises
    ------
    ValueError
        If nothing was pasted, or only a header line.

    Examples
    --------
    >>> pasted("record_key\tlabel\nA-1\tgood\n")
    (b'record_key,label\r\nA-1,good\r\n', 'text/csv')
    """
    stripped = text.strip()
    if not stripped:
        raise ValueError("paste some rows first")
    if stripped.startswith("["):
        return stripped.encode(), _JSON
    if stripped.startswith("{"):
        return stripped.encode(), _NDJSON
    first, _, rest = stripped.partition("\n")
    if not rest.strip():
        raise ValueError("paste a line with the names of the columns, and the rows below it")
    delimiter = max(_DELIMITERS, key=first.count)
    written = io.StringIO()
    rows = csv.reader(io.StringIO(stripped), delimiter=delimiter)
    csv.writer(written).writerows([cell.strip() for cell in row] for row in rows if row)
    return written.getvalue().encode(), _CSV
