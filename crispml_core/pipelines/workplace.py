"""What the six training methods share: one use case, one run, the stores."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.models import Artefact, ArtefactKind
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.private_data import PrivateData
from crispml_core.pipelines.recorder import Recorder
from crispml_core.pipelines.stores import TrainingStores
from crispml_core.tables.frames import to_frame


class Workplace:
    """One run of one use case: where its methods read, write and are timed.

    Parameters
    ----------
    asked_by : str
        Who asked for the run; empty when nobody knows.

    Attributes
    ----------
    declared : UseCase
        As records come from the source.
    use_case : UseCase
        As models see records: the same one, unless policies hold for its data sets.
    data : PrivateData
        What makes the one of the other.
    """

    def __init__(
        self,
        use_case: UseCase,
        stores: TrainingStores,
        recorder: Recorder,
        run_id: str,
        asked_by: str = "",
    ) -> None:
        self.declared, self.use_case, self.stores = use_case, use_case.seen, stores
        self.data = PrivateData(use_case, stores.privacy)
        self.recorder, self.run_id, self.asked_by = recorder, run_id, asked_by

    def prepared(self, dataset_id: str) -> pd.DataFrame:
        """Read a prepared data set as a frame."""
        return to_frame(self.table(dataset_id), self.use_case.schema)

    def table(self, dataset_id: str) -> pa.Table:
        """Read a data set as models see it."""
        batches = list(self.data.opened(self.stores.datasets.batches(dataset_id)))
        return pa.Table.from_batches(batches)

    def publish(
        self,
        kind: ArtefactKind,
        *,
        parents: tuple[str, ...],
        facts: dict[str, Any],
        files: dict[str, bytes],
    ) -> Artefact:
        """Store an artefact of this run."""
        artefact = Artefact(
            id=str(new_id()),
            kind=kind,
            use_case=self.use_case.name,
            created_at=utc_now(),
            run_id=self.run_id,
            parents=parents,
            facts=facts,
        )
        return self.stores.artefacts.publish(artefact, files)
