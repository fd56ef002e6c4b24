"""What a part of a work has at hand, in the process of its run or on a worker of a cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.domain.datasets import SPLIT_COLUMN
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.private_data import PrivateData
from crispml_core.pipelines.stores import PartStores
from crispml_core.tables.frames import to_frame

Kept = TypeVar("Kept")


class Workbench:
    """One use case and the stores that its data lie in.

    Parameters
    ----------
    use_case : UseCase
        As it is declared for this environment.
    stores : PartStores
        Those that every worker reaches.

    Attributes
    ----------
    declared : UseCase
        As records come from the source.
    use_case : UseCase
        As models see records: the same one, unless policies hold for its data sets.
    data : PrivateData
        What makes the one of the other.
    """

    def __init__(self, use_case: UseCase, stores: PartStores) -> None:
        self.declared, self.use_case, self.shared = use_case, use_case.seen, stores
        self.data = PrivateData(use_case, stores.privacy)
        self._kept: object = None

    def table(self, dataset_id: str) -> pa.Table:
        """Read a data set as models see it."""
        batches = list(self.data.opened(self.shared.datasets.batches(dataset_id)))
        return pa.Table.from_batches(batches)

    def prepared(self, dataset_id: str) -> pd.DataFrame:
        """Read a prepared data set as a frame."""
        return to_frame(self.table(dataset_id), self.use_case.schema)

    def split(self, dataset_id: str, split: str) -> pd.DataFrame:
        """Read the rows of one split of a prepared data set; the others are not gathered."""
        batches = [
            batch.filter(pc.equal(batch.column(SPLIT_COLUMN), split))
            for batch in self.data.opened(self.shared.datasets.batches(dataset_id))
        ]
        return to_frame(pa.Table.from_batches(batches), self.use_case.schema)

    def keep(self, make: Callable[[], Kept]) -> Kept:
        """Return what the parts of one work share; the first of them makes it."""
        if self._kept is None:
            self._kept = make()
        return self._kept  # type: ignore[return-value]
