"""Where uploaded data files wait until a run has ingested them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

UploadFormat = Literal["csv", "parquet"]


@dataclass(frozen=True, slots=True)
class Upload:
    """A received file: its id, its format, its size in bytes and the SHA-256 of its content."""

    id: str
    format: UploadFormat
    size: int
    sha256: str


class UploadWriter(Protocol):
    """A file that is being received; it cannot be read before `commit`."""

    def write(self, chunk: bytes) -> None:
        """Append bytes; raise `TooLarge` when the file goes over the limit of the store."""
        ...

    def commit(self) -> Upload:
        """Keep the file; raise `MalformedContent` when nothing was written."""
        ...

    def discard(self) -> None:
        """Remove what was written; harmless after `commit`."""
        ...


class UploadStore(Protocol):
    """Received files, found by id."""

    def receive(self, format: UploadFormat) -> UploadWriter:  # noqa: A002
        """Start to receive a file."""
        ...

    def path(self, upload_id: str) -> Path:
        """Return where the file can be read, or raise `NotFound`."""
        ...

    def remove(self, upload_id: str) -> None:
        """Remove a file; harmless when it is not there."""
        ...

    def remove_older_than(self, age_s: float) -> int:
        """Remove files that nobody ingested within `age_s` seconds, and return how many."""
        ...
