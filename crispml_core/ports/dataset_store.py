"""The durable store of data sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from crispml_core.domain.datasets import DataSet, Stage

if TYPE_CHECKING:
    import pyarrow as pa


class DataSetWriter(Protocol):
    """A data set that is being written; nothing is visible before `publish`."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows; every batch has the schema of the first."""
        ...

    def publish(
        self,
        *,
        parents: Sequence[str] = (),
        parameters: dict[str, Any] | None = None,
        owner: str = "",
        description: str = "",
        tags: Sequence[str] = (),
        sensitivity: str = "internal",
    ) -> DataSet:
        """Make the data set visible in one step; one that is there already is returned as it is."""
        ...

    def discard(self) -> None:
        """Remove what was written; harmless after `publish`."""
        ...


class DataSetStore(Protocol):
    """Immutable data sets, found by id."""

    def writer(self, use_case: str, stage: Stage, run_id: str = "") -> DataSetWriter:
        """Start a new data set; `run_id` lets leftovers of a dead run be found."""
        ...

    def get(self, dataset_id: str) -> DataSet:
        """Return the manifest, or raise `NotFound`."""
        ...

    def parts(self, dataset_id: str) -> int:
        """Return how many parts there are, each of bounded size and read for itself."""
        ...

    def batches(
        self, dataset_id: str, columns: Sequence[str] | None = None, part: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows in order, in batches of bounded size; of one part, or of all in turn."""
        ...

    def table(self, dataset_id: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Return all rows in memory."""
        ...

    def find(self, use_case: str | None = None, stage: Stage | None = None) -> list[DataSet]:
        """Return the manifests, newest first."""
        ...
