"""What an uploaded file is, by its name: its content type and how it is compressed."""

from __future__ import annotations

from pathlib import PurePath

CSV, NDJSON, PARQUET = "text/csv", "application/x-ndjson", "application/vnd.apache.parquet"
_MEDIA = {
    ".csv": CSV,
    ".json": "application/json",
    ".ndjson": NDJSON,
    ".jsonl": NDJSON,
    ".parquet": PARQUET,
    ".arrow": "application/vnd.apache.arrow.stream",
}
_ENCODINGS = {".gz": "gzip", ".zst": "zstd"}
ACCEPTED = (*_MEDIA, *_ENCODINGS)
"""The ends of names that are read."""

SUFFIXES = {CSV: ".csv", NDJSON: ".ndjson", PARQUET: ".parquet"}
"""How a file is called that a service answers with, by content type."""


def format_of(name: str) -> tuple[str, str | None]:
    """Return content type and compression of a file.

    Raises
    ------
    ValueError
        If its name does not say what it is.

    Examples
    --------
    >>> format_of("truth.csv.gz")
    ('text/csv', 'gzip')
    """
    suffixes = [suffix.lower() for suffix in PurePath(name).suffixes]
    encoding = _ENCODINGS.get(suffixes[-1]) if suffixes else None
    if encoding is not None:
        suffixes.pop()
    media = _MEDIA.get(suffixes[-1]) if suffixes else None
    if media is None:
        raise ValueError(f"the name of the file must end with one of {', '.join(_MEDIA)}")
    return media, encoding
