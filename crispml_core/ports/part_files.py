"""Rows on their way from whoever computed a part of a work to whoever puts them together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


class PartFiles(Protocol):
    """Files that several processes see and that nobody keeps."""

    def start(self, run_id: str) -> str:
        """Make a place for the parts of a work of a run, and return its name."""
        ...

    def write(self, place: str, part: int, batches: Iterable[pa.RecordBatch]) -> None:
        """Write a part; one that is written again is what it was."""
        ...

    def take(self, place: str, part: int) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a part in order, and remove it."""
        ...

    def discard(self, place: str) -> None:
        """Remove a place with all that is left in it."""
        ...
