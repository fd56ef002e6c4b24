"""What one process does of a batch: it checks and scores partitions, alone or beside others."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from crispml_core.domain.batches import BatchPart, source_changed
from crispml_core.domain.errors import NotFound
from crispml_core.domain.runs import Run
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.batches.chunks import Chunks
from crispml_core.pipelines.batches.input import opened, repeating
from crispml_core.pipelines.batches.partitions import Partition, spans
from crispml_core.pipelines.batches.patience import PATIENCE_S
from crispml_core.pipelines.batches.requests import BatchJob
from crispml_core.pipelines.batches.telling import Tell
from crispml_core.ports.batch_store import BatchInput, BatchStore
from crispml_core.ports.score_ledger import ScoreLedger
from crispml_core.serving.active import Active
from crispml_core.serving.ledger_writer import Entry, LedgerWriter
from crispml_core.serving.scored import Scored
from crispml_core.tables.batch_check import MAX_BATCH_ROWS, BatchCheck
from crispml_core.tables.findings import Findings

# Of so many runs a process keeps the source open; a folder may have thousands of files.
_KEPT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStores:
    """What a process that scores partitions reaches the world through.

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
    patience_s: float = PATIENCE_S


class BatchWorker:
    """Checks and scores partitions; several threads may do so at once.

    A partition that is done again finds what is there: a part that is complete is left as it is,
    and a chunk that was committed is read back.
    """

    def __init__(self, use_cases: Mapping[str, UseCase], stores: WorkerStores) -> None:
        self._use_cases, self._stores = use_cases, stores
        self._sources: OrderedDict[str, BatchInput] = OrderedDict()
        self._opening, self._committing = threading.Lock(), threading.Lock()

    def use_case(self, run: Run) -> UseCase:
        """Return the use case of a run, or raise `NotFound`."""
        if run.use_case not in self._use_cases:
            raise NotFound("use case", self._use_cases)
        return self._use_cases[run.use_case]

    def active(self, run: Run) -> Active:
        """Return the version that answers every record of a run, under the name of the run."""
        job = BatchJob.of(run.parameters)
        found = self._stores.version(run.use_case, job.version)
        served = replace(found.served, alias=job.alias, fallback=job.fallback)
        return Active(found.loaded, served)

    def check(self, run: Run, partition: Partition, tell: Tell) -> Findings:
        """Return what is wrong with the records of a partition, by their numbers in the source."""
        use_case, source = self.use_case(run), self._source(run, partition)
        size = BatchJob.of(run.parameters).chunk_rows
        check = BatchCheck(use_case.schema, use_case.target.name)
        findings, row = Findings(), partition.first * size
        stop = min(row + partition.chunks * size, source.rows)
        for batch in source.batches(
            MAX_BATCH_ROWS, start=row, stop=stop, repeating=repeating(use_case)
        ):
            findings.extend(check.check(batch, row)[1])
            row += len(batch)
            tell(len(batch))
        return findings

    def score(self, run: Run, partition: Partition, tell: Tell) -> list[BatchPart]:
        """Score the chunks of a partition, commit them, and write their parts.

        Raises
        ------
        Conflict
            If the source is not the one that was checked.
        CrispMLError
            Whatever else stopped it.
        """
        source, work = self._source(run, partition), self._stores.batches.work(run.id)
        plan = work.plan()
        if plan is None:
            raise source_changed()
        chunks = Chunks(
            run, plan, self.active(run), self._stores.ledger, self._commit, self._stores.patience_s
        )
        wanted = range(partition.first, partition.first + partition.chunks)
        parts = {number: work.part(number) for number in work.numbers() if number in wanted}
        for first, count in spans(number for number in wanted if number not in parts):
            parts |= chunks.score(source, work, first, count, tell)
        return [part for _, part in sorted(parts.items()) if part is not None]

    def _commit(self, entry: Entry) -> Scored:
        with self._committing:  # the chain of a writer is one
            (outcome,) = self._stores.writer.commit([entry])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _source(self, run: Run, partition: Partition) -> BatchInput:
        """Return the source that a partition is of; it may have been copied anew for a run."""
        with self._opening:
            kept = self._sources.get(run.id)
            if kept is None or kept.stamps() != partition.source:
                store = self._stores.batches
                kept = opened(BatchJob.of(run.parameters), store, store.work(run.id))
                if kept.stamps() != partition.source:
                    raise source_changed()
                self._sources[run.id] = kept
            self._sources.move_to_end(run.id)
            while len(self._sources) > _KEPT:
                self._sources.popitem(last=False)
            return kept
