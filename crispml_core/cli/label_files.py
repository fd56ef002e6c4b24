"""What a file of labels is: its content type and how it is compressed."""

from __future__ import annotations

from pathlib import PurePath

CSV = "text/csv"
_JSON, _NDJSON = "application/json", "application/x-ndjson"
_MEDIA = {
    ".csv": CSV,
    ".json": _JSON,
    ".ndjson": _NDJSON,
    ".jsonl": _NDJSON,
    ".parquet": "application/vnd.apache.parquet",
    ".arrow": "application/vnd.apache.arrow.stream",
    ".arrows": "application/vnd.apache.arrow.stream",
}
_ENCODINGS = {".gz": "gzip", ".zst": "zstd"}
FORMATS = {"ndjson": _NDJSON} | {suffix[1:]: media for suffix, media in _MEDIA.items()}
"""Content types by the names that ``--format`` knows."""


def by_name(name: str) -> tuple[str | None, str | None]:
    """Return content type and compression of a file, as far as its name says.

    Examples
    --------
    >>> by_name("truth.csv.gz")
    ('text/csv', 'gzip')
    """
    suffixes = [suffix.lower() for suffix in PurePath(name).suffixes]
    encoding = _ENCODINGS.get(suffixes[-1]) if suffixes else None
    if encoding is not None:
        suffixes.pop()
    return (_MEDIA.get(suffixes[-1]) if suffixes else None), encoding


def by_content(start: bytes) -> str:
    r"""Return the content type of what begins like this: Parquet, JSON, JSON per line, or CSV.

    Examples
    --------
    >>> by_content(b"[1, 2]"), by_content(b'{"a": 1}\n{"a": 2}'), by_content(b"a,b")
    ('application/json', 'application/x-ndjson', 'text/csv')
    """
    if start.startswith(b"PAR1"):
        return _MEDIA[".parquet"]
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        return _JSON
    if not text.startswith(b"{"):
        return CSV
    first, _, rest = text.partition(b"\n")
    # A line that is an object as a whole, and another one below it.
    return _NDJSON if first.rstrip().endswith(b"}") and rest.strip() else _JSON
