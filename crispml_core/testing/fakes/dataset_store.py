"""Data sets in memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from crispml_core.domain.datasets import DataSet, Stage, dataset_id
from crispml_core.domain.errors import InvalidInput, NotFound
from crispml_core.domain.identifiers import utc_now
from crispml_core.tables.digest import ContentDigest
from crispml_core.tables.profile import Profile

PART_ROWS = 131_072


class FakeDataSetStore:
    """A `DataSetStore` that forgets everything with the process."""

    def __init__(self) -> None:
        self._stored: dict[str, tuple[DataSet, pa.Table]] = {}

    def writer(self, use_case: str, stage: Stage, run_id: str = "") -> FakeDataSetWriter:
        """Start a new data set; `run_id` has no meaning here."""
        return FakeDataSetWriter(self._stored, use_case, stage)

    def get(self, dataset_id: str) -> DataSet:
        """Return the manifest, or raise `NotFound`."""
        return self._find(dataset_id)[0]

    def parts(self, dataset_id: str) -> int:
        """Return how many parts there are."""
        return max(1, math.ceil(self.get(dataset_id).rows / PART_ROWS))

    def batches(
        self, dataset_id: str, columns: Sequence[str] | None = None, part: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows in order."""
        table = self.table(dataset_id, columns)
        if part is not None:
            table = table.slice(part * PART_ROWS, PART_ROWS)
        return iter([batch for batch in table.to_batches(max_chunksize=65_536) if batch.num_rows])

    def table(self, dataset_id: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Return all rows."""
        table = self._find(dataset_id)[1]
        for position, name in enumerate(columns or ()):
            if name not in table.column_names:
                raise InvalidInput(f"column {position} of the selection is not in the data set")
        return table if columns is None else table.select(list(columns))

    def find(self, use_case: str | None = None, stage: Stage | None = None) -> list[DataSet]:
        """Return the manifests, newest first."""
        found = [
            dataset
            for dataset, _ in self._stored.values()
            if use_case in (None, dataset.use_case) and stage in (None, dataset.stage)
        ]
        return sorted(found, key=lambda dataset: (dataset.created_at, dataset.id), reverse=True)

    def _find(self, dataset_id: str) -> tuple[DataSet, pa.Table]:
        if dataset_id not in self._stored:
            raise NotFound("data set")
        return self._stored[dataset_id]


class FakeDataSetWriter:
    """A `DataSetWriter` into memory; made by `FakeDataSetStore.writer`."""

    def __init__(
        self, stored: dict[str, tuple[DataSet, pa.Table]], use_case: str, stage: Stage
    ) -> None:
        self._stored, self._use_case, self._stage = stored, use_case, stage
        self._digest, self._profile = ContentDigest(), Profile()
        self._batches: list[pa.RecordBatch] = []
        self._ended = False

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows; every batch has the schema of the first."""
        if self._ended:
            raise ValueError("this data set is published or discarded")
        if self._batches and not batch.schema.equals(self._batches[0].schema):
            raise ValueError("every batch of a data set has the schema of the first")
        self._digest.update(batch)
        self._profile.update(batch)
        self._batches.append(batch)

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
        """Make the data set visible; one that is there already is returned as it is."""
        if self._ended or not self._batches:
            raise ValueError("write at least one batch, with or without rows, and publish once")
        self._ended = True
        digest = self._digest.hexdigest()
        parents, parameters = tuple(parents), dict(parameters or {})
        dataset = DataSet(
            id=dataset_id(self._use_case, self._stage, digest, parents, parameters),
            use_case=self._use_case,
            stage=self._stage,
            rows=self._digest.rows,
            columns=self._digest.columns,
            content_digest=digest,
            created_at=utc_now(),
            parents=parents,
            parameters=parameters,
            owner=owner,
            description=description,
            tags=tuple(tags),
            sensitivity=sensitivity,
            profile=self._profile.result(),
        )
        table = pa.Table.from_batches(self._batches)
        return self._stored.setdefault(dataset.id, (dataset, table))[0]

    def discard(self) -> None:
        """Forget what was written; harmless after `publish`."""
        self._ended = True
        self._batches.clear()
