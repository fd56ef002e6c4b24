"""Method 7 for very many records: a source is checked as a whole, then scored chunk by chunk.

Whatever happens to the process, a run that is taken up again goes on where it stopped: the plan
says which bytes belong to the run, each chunk is committed under a key of its own, and a part is
complete once it has its name. So no row is scored twice and none is left out, and it does not
matter how many processes score.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from crispml_core.domain.batches import BatchManifest, BatchPart, BatchPlan, source_changed
from crispml_core.domain.errors import Conflict, StoreUnavailable
from crispml_core.domain.runs import SCORING_METHODS, Run
from crispml_core.domain.scores import score_id
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.batches.input import CHECK_SHARE, Report, checked_input
from crispml_core.pipelines.batches.partitions import (
    BatchTasks,
    Partition,
    partition_chunks,
    spans,
)
from crispml_core.pipelines.batches.requests import BatchJob, OpenQuery
from crispml_core.pipelines.batches.telling import Tell, Told
from crispml_core.pipelines.batches.worker import BatchWorker
from crispml_core.pipelines.recorder import Recorder
from crispml_core.ports.batch_store import BatchInput, BatchStore
from crispml_core.ports.compute import Compute, Look
from crispml_core.ports.progress import RunProgress, no_run_progress
from crispml_core.ports.timing_log import TimingLog
from crispml_core.serving.active import Active
from crispml_core.tables.findings import Findings

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStores:
    """What the process of a run reaches the world through.

    Parameters
    ----------
    owner : str
        Who holds the run while this process executes it.
    compute : Compute
        Where partitions are checked and scored.
    tasks : callable
        From a use case to what a cluster does with a partition of it.
    """

    batches: BatchStore
    open_query: OpenQuery
    timings: TimingLog
    owner: str
    compute: Compute
    tasks: Callable[[UseCase], BatchTasks]


class BatchScoring:
    """Executes runs that score a batch.

    Parameters
    ----------
    worker : BatchWorker
        What this process does of a batch; all of it where no cluster does.
    """

    def __init__(self, worker: BatchWorker, stores: BatchStores) -> None:
        self._worker, self._stores = worker, stores

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
        self._worker.use_case(run)
        job, batches = BatchJob.of(run.parameters), self._stores.batches
        recorder = Recorder(run.use_case, self._stores.timings, progress)
        recorder.steps = run.steps
        manifest = batches.manifest(job.sink)
        if manifest is None or manifest.run_id != run.id:
            batches.check_sink(job.sink)
            with recorder.method(SCORING_METHODS[0]) as step:
                manifest = _Batch(run, job, self._worker, self._stores, step.progress).score()
                step.rows = manifest.rows
        batches.work(run.id).remove()
        return _result(job, manifest)


class _Batch:
    """One run in this process: it says what is to do, and puts together what came of it."""

    def __init__(
        self, run: Run, job: BatchJob, worker: BatchWorker, stores: BatchStores, progress: Report
    ) -> None:
        self._run, self._job, self._worker, self._stores = run, job, worker, stores
        self._progress, self._work = progress, stores.batches.work(run.id)
        self._use_case = worker.use_case(run)
        self._tasks = stores.tasks(self._use_case)

    def score(self) -> BatchManifest:
        """Check, score and publish."""
        source, plan = checked_input(
            self._use_case,
            self._job,
            self._stores.batches,
            self._work,
            self._stores.open_query,
            self._check,
            self._progress,
        )
        # Also where others score: a version that cannot answer is known before the first chunk.
        active = self._worker.active(self._run)
        manifest = self._manifest(active, self._parts(source, plan))
        try:
            self._work.publish(self._job.sink, manifest)
        except Conflict:
            # A worker that was thought dead may have been quicker; it wrote the same scores.
            published = self._stores.batches.manifest(self._job.sink)
            if published is None or published.run_id != self._run.id:
                raise
            return published
        return manifest

    def _check(self, source: BatchInput) -> Findings:
        findings, size = Findings(), self._job.chunk_rows
        told = Told(self._progress, (0.0, CHECK_SHARE), "checked", source.rows)
        partitions = self._partitions(source, range(-(-source.rows // size)))
        check = self._worker.check, self._tasks.check
        with self._computed(check, partitions, told, look=told.again) as found:
            for partition, each in zip(partitions, found, strict=True):
                findings.extend(each)
                told.at(min((partition.first + partition.chunks) * size, source.rows))
        return findings

    def _parts(self, source: BatchInput, plan: BatchPlan) -> list[BatchPart]:
        """Score what is not scored yet, and return the parts of all chunks in their order.

        A cluster that is lost is looked for again, as long as it brought something meanwhile.
        """
        size, work = self._job.chunk_rows, self._work
        while True:
            parts = {number: part for number in work.numbers() if (part := work.part(number))}
            try:
                self._score_missing(source, plan, parts)
                break
            except StoreUnavailable:
                if self._stores.compute.is_here or len(work.numbers()) <= len(parts):
                    raise
        numbers = range(plan.chunks(size))
        found = [part for number in numbers if (part := parts.get(number))]
        if [part.rows for part in found] != [plan.rows_of(number, size) for number in numbers]:
            raise source_changed()
        return found

    def _score_missing(
        self, source: BatchInput, plan: BatchPlan, parts: dict[int, BatchPart]
    ) -> None:
        """Score the chunks that have no part yet, and add their parts when all are there."""
        size = self._job.chunk_rows

        def rows(numbers: Iterable[int]) -> int:
            return sum(plan.rows_of(number, size) for number in numbers)

        told = Told(self._progress, (CHECK_SHARE, 1.0), "scored", plan.rows, rows(parts))
        missing = [number for number in range(plan.chunks(size)) if number not in parts]
        partitions = self._partitions(source, missing)

        def look() -> None:
            told.at(rows(self._work.numbers()))

        made: dict[int, BatchPart] = {}
        score = self._worker.score, self._tasks.score
        with self._computed(score, partitions, told, look=look) as found:
            for partition, each in zip(partitions, found, strict=True):
                made |= dict(enumerate(each, partition.first))
        parts |= made

    def _partitions(self, source: BatchInput, numbers: Iterable[int]) -> list[Partition]:
        is_here = self._stores.compute.is_here
        most = None if is_here else partition_chunks(source.rows, self._job.chunk_rows)
        return [
            Partition(
                run_id=self._run.id,
                owner=self._stores.owner,
                source=source.stamps(),
                first=first,
                chunks=chunks,
            )
            for first, chunks in spans(numbers, most)
        ]

    @contextmanager
    def _computed(
        self,
        do: tuple[Callable[[Run, Partition, Tell], T], Callable[[Partition], T]],
        partitions: Sequence[Partition],
        told: Told,
        look: Look,
    ) -> Iterator[Iterator[T]]:
        """Give the results of partitions, which are done here or by what does the same elsewhere.

        Leaving the block also ends what is under way elsewhere, whatever became of the run.
        """
        here, elsewhere = do
        compute = self._stores.compute

        def results() -> Generator[T]:
            if not partitions:
                return
            task = (lambda each: here(self._run, each, told)) if compute.is_here else elsewhere
            yield from compute.map(task, partitions, look=look)

        with closing(results()) as found:
            yield found

    def _manifest(self, active: Active, parts: list[BatchPart]) -> BatchManifest:
        served, first, last = active.served, parts[0], parts[-1]
        return BatchManifest(
            run_id=self._run.id,
            use_case=served.use_case,
            model=served.model,
            version=served.version,
            alias=served.alias,
            fallback=served.fallback,
            rows=sum(part.rows for part in parts),
            first_score_id=score_id(first.group_id, 0),
            last_score_id=score_id(last.group_id, last.rows - 1),
            parts=tuple(parts),
        )


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
