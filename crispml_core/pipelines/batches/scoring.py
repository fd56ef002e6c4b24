"""Method 7 for very many records: a source is checked as a whole, then scored chunk by chunk.

Whatever happens to the process, a run that is taken up again goes on where it stopped: the plan
says which bytes belong to the run, each chunk is committed under a key of its own, and a part is
complete once it has its name. So no row is scored twice and none is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crispml_core.domain.batches import BatchManifest
from crispml_core.domain.errors import Conflict, NotFound
from crispml_core.domain.runs import SCORING_METHODS, Run
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.batches.chunks import Chunks
from crispml_core.pipelines.batches.input import checked_input
from crispml_core.pipelines.batches.requests import BatchJob, OpenQuery
from crispml_core.pipelines.recorder import Recorder
from crispml_core.ports.batch_store import BatchStore
from crispml_core.ports.progress import RunProgress, no_run_progress
from crispml_core.ports.score_ledger import ScoreLedger
from crispml_core.ports.timing_log import TimingLog
from crispml_core.serving.active import Active
from crispml_core.serving.ledger_writer import LedgerWriter


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStores:
    """What batch scoring reaches the world through.

    Parameters
    ----------
    version : callable
        From a use case and a version to the loaded version.
    patience_s : float
        How long a chunk waits for a ledger that is away before the run fails.
    """

    batches: BatchStore
    ledger: ScoreLedger
    writer: LedgerWriter
    version: Callable[[str, str], Active]
    open_query: OpenQuery
    timings: TimingLog
    patience_s: float = 300.0


class BatchScoring:
    """Executes runs that score a batch."""

    def __init__(self, use_cases: Mapping[str, UseCase], stores: BatchStores) -> None:
        self._use_cases, self._stores = use_cases, stores

    def execute(self, run: Run, progress: RunProgress = no_run_progress) -> dict[str, Any]:
        """Execute a run, from its start or from where another worker left it.

        Raises
        ------
        InvalidRecords
            If a record breaks the schema; then nothing was scored.
        Conflict
            If the source changed since the run began, or something else lies in the sink.
        CrispMLError
            Whatever else stopped it.
        """
        if run.use_case not in self._use_cases:
            raise NotFound("use case", self._use_cases)
        job, batches = BatchJob.of(run.parameters), self._stores.batches
        recorder = Recorder(run.use_case, self._stores.timings, progress)
        recorder.steps = run.steps
        manifest = batches.manifest(job.sink)
        if manifest is None or manifest.run_id != run.id:
            batches.check_sink(job.sink)
            with recorder.method(SCORING_METHODS[0]) as step:
                manifest = self._score(run, job, step.progress)
                step.rows = manifest.rows
        batches.work(run.id).remove()
        return _result(job, manifest)

    def _score(
        self, run: Run, job: BatchJob, progress: Callable[[float, str], None]
    ) -> BatchManifest:
        stores, use_case = self._stores, self._use_cases[run.use_case]
        work = stores.batches.work(run.id)
        source, plan = checked_input(
            use_case, job, stores.batches, work, stores.open_query, progress
        )
        found = stores.version(use_case.name, job.version)
        served = replace(found.served, alias=job.alias, fallback=job.fallback)
        active = Active(found.loaded, served)
        chunks = Chunks(run, job, plan, active, stores.ledger, stores.writer, stores.patience_s)
        manifest = chunks.score(source, work, progress)
        try:
            work.publish(job.sink, manifest)
        except Conflict:
            # A worker that was thought dead may have been quicker; it wrote the same scores.
            published = stores.batches.manifest(job.sink)
            if published is None or published.run_id != run.id:
                raise
            return published
        return manifest


def _result(job: BatchJob, manifest: BatchManifest) -> dict[str, Any]:
    return {
        "rows": manifest.rows,
        "parts": len(manifest.parts),
        "sink": job.sink,
        "model": manifest.model,
        "version": manifest.version,
        "alias": manifest.alias,
        "fallback": manifest.fallback,
        "first_score_id": manifest.first_score_id,
        "last_score_id": manifest.last_score_id,
    }
