"""Where batches read their records, do their work and leave their scores."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

from crispml_core.domain.batches import BatchManifest, BatchPart, BatchPlan, Stamp
from crispml_core.domain.datasets import StoredFile

if TYPE_CHECKING:
    import pyarrow as pa


class BatchInput(Protocol):
    """The records of one source."""

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        ...

    @property
    def rows(self) -> int:
        """How many records there are."""
        ...

    def identity(self) -> tuple[StoredFile, ...]:
        """Return the files with their digests; reads all of their bytes."""
        ...

    def stamps(self) -> tuple[Stamp, ...]:
        """Return size and moment of change of each file as it was when it was opened.

        They are the same for every machine that has the volume.
        """
        ...

    def batches(
        self, rows: int, *, start: int = 0, stop: int | None = None, repeating: Collection[str] = ()
    ) -> Iterator[pa.RecordBatch]:
        """Yield the records from number `start` on, `rows` at a time; the last may be fewer.

        Parameters
        ----------
        stop : int, optional
            The number of the first record that is not wanted any more.
        repeating : collection of str
            Text columns to read as dictionaries, which hold a value once however often it comes.

        Raises
        ------
        MalformedContent
            If the files are damaged.
        Conflict
            If they changed since the source was opened.
        """
        ...


class BatchWork(Protocol):
    """What one run keeps until its batch is complete, so that another worker can go on with it."""

    def plan(self) -> BatchPlan | None:
        """Return what `keep_plan` kept."""
        ...

    def keep_plan(self, plan: BatchPlan) -> None:
        """Keep the plan durably."""
        ...

    def keep_input(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        """Keep a copy of a source that cannot be read twice; all of it or nothing."""
        ...

    def open_input(self) -> BatchInput:
        """Open the copy."""
        ...

    def numbers(self) -> list[int]:
        """Return the numbers of the parts that are complete, in order."""
        ...

    def part(self, number: int) -> BatchPart | None:
        """Return a part if it is complete; reads all of its bytes."""
        ...

    def write_part(self, number: int, group_id: str, scores: pa.Table) -> BatchPart:
        """Write the scores of a chunk durably; replaces what is there."""
        ...

    def publish(self, sink: str, manifest: BatchManifest) -> None:
        """Make all parts and the manifest visible in the sink in one step.

        Raises
        ------
        Conflict
            If something is there already.
        """
        ...

    def remove(self) -> None:
        """Remove what is left; harmless when nothing is."""
        ...


class BatchStore(Protocol):
    """Sources and sinks by name; a name leads nowhere but below the folder of batches."""

    def open_source(self, name: str) -> BatchInput:
        """Open a Parquet file, or the Parquet files of a folder in the order of their names.

        Raises
        ------
        InvalidInput
            If the name leads out of the folder of batches, or to nothing.
        MalformedContent
            If it is no Parquet.
        """
        ...

    def check_sink(self, name: str) -> None:
        """Raise `InvalidInput` for a name that cannot be a sink, `Conflict` for a taken one."""
        ...

    def manifest(self, sink: str) -> BatchManifest | None:
        """Return the manifest of a complete sink."""
        ...

    def work(self, run_id: str) -> BatchWork:
        """Return what a run keeps."""
        ...

    def sweep(self, is_live: Callable[[str], bool]) -> list[str]:
        """Remove what runs that are not live any more left behind, and return their ids."""
        ...
