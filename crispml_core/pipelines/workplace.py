"""What the six training methods share: one use case, one run, the stores."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.models import Artefact, ArtefactKind
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.recorder import Recorder
from crispml_core.pipelines.stores import Job, PartTask, TrainingStores
from crispml_core.pipelines.workbench import Workbench


class Workplace(Workbench):
    """One run of one use case: where its methods read, write and are timed.

    Parameters
    ----------
    asked_by : str
        Who asked for the run; empty when nobody knows.
    """

    def __init__(
        self,
        use_case: UseCase,
        stores: TrainingStores,
        recorder: Recorder,
        run_id: str,
        asked_by: str = "",
    ) -> None:
        super().__init__(use_case, stores)
        self.stores, self.recorder = stores, recorder
        self.run_id, self.asked_by = run_id, asked_by

    def task(self, task: PartTask[Job], job: Job) -> Callable[..., Any]:
        """Return what computes a part of a job: here, or wherever the parts are computed."""
        if self.stores.compute.is_here:
            return partial(task, Workbench(self.declared, self.stores), job)
        return self.stores.send(self.declared, task, job)

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
