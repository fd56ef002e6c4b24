"""Stores that a run may fill and that are gone after it, over stores that it only reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from crispml_core.domain.datasets import DataSet, Stage
from crispml_core.domain.errors import NotFound
from crispml_core.ports.dataset_store import DataSetStore, DataSetWriter

if TYPE_CHECKING:
    import pyarrow as pa


class OverlaidDataSets:
    """Reads from the scratch store first and writes to it alone; see `DataSetStore`.

    Parameters
    ----------
    scratch : DataSetStore
        Where new data sets go.
    below : DataSetStore
        Never written to.
    """

    def __init__(self, scratch: DataSetStore, below: DataSetStore) -> None:
        self._scratch, self._below = scratch, below

    def writer(self, use_case: str, stage: Stage, run_id: str = "") -> DataSetWriter:
        """Start a new data set in the scratch store."""
        return self._scratch.writer(use_case, stage, run_id)

    def get(self, dataset_id: str) -> DataSet:
        """Return the manifest, or raise `NotFound`."""
        return self._holder(dataset_id).get(dataset_id)

    def parts(self, dataset_id: str) -> int:
        """Return how many parts there are."""
        return self._holder(dataset_id).parts(dataset_id)

    def batches(
        self, dataset_id: str, columns: Sequence[str] | None = None, part: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows in order."""
        return self._holder(dataset_id).batches(dataset_id, columns, part)

    def table(self, dataset_id: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Return all rows in memory."""
        return self._holder(dataset_id).table(dataset_id, columns)

    def find(self, use_case: str | None = None, stage: Stage | None = None) -> list[DataSet]:
        """Return the manifests of both, those of the scratch store first."""
        return [*self._scratch.find(use_case, stage), *self._below.find(use_case, stage)]

    def _holder(self, dataset_id: str) -> DataSetStore:
        try:
            self._scratch.get(dataset_id)
        except NotFound:
            return self._below
        return self._scratch
