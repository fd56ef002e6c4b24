"""The second half of a batch: chunk by chunk, its records are scored, committed and written."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from crispml_core.domain.batches import BatchManifest, BatchPart, BatchPlan, source_changed
from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.runs import Run
from crispml_core.domain.scores import score_id
from crispml_core.pipelines.batches.input import CHECK_SHARE, Report, repeating
from crispml_core.pipelines.batches.requests import BatchJob
from crispml_core.ports.batch_store import BatchInput, BatchWork
from crispml_core.ports.score_ledger import ScoreLedger
from crispml_core.serving.active import Active
from crispml_core.serving.ledger_writer import Entry, LedgerWriter, replayed
from crispml_core.serving.scored import ScoreCall, Scored
from crispml_core.tables.batch_check import BatchCheck
from crispml_core.tables.score_table import score_table

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
_PAUSE_S = 0.5


class Chunks:
    """Scores the records of one run; chunk n has the key ``<run id>.<n>`` in the ledger.

    Parameters
    ----------
    patience_s : float
        How long a chunk waits for a ledger that is away.
    """

    def __init__(
        self,
        run: Run,
        job: BatchJob,
        plan: BatchPlan,
        active: Active,
        ledger: ScoreLedger,
        writer: LedgerWriter,
        patience_s: float,
    ) -> None:
        self._run, self._job, self._plan, self._active = run, job, plan, active
        self._ledger, self._writer, self._patience_s = ledger, writer, patience_s
        use_case = active.loaded.use_case
        self._check = BatchCheck(use_case.schema, use_case.target.name)
        self._repeating = repeating(use_case)
        self._done = 0

    def score(self, source: BatchInput, work: BatchWork, progress: Report) -> BatchManifest:
        """Score what is not scored yet, write the parts, and return what they are."""
        parts, size = work.parts(), self._job.chunk_rows
        self._done = sum(part.rows for part in parts)
        if self._done != min(len(parts) * size, self._plan.rows):
            raise source_changed()
        for batch in source.batches(size, start=self._done, repeating=self._repeating):
            records, findings = self._check.check(batch, self._done)
            findings.raise_if_any()
            scored = self._durably(self._call(len(parts)), records, progress)
            table = score_table(scored.scores, scored.classes, scored.group_id, scored.offset)
            table = table.replace_schema_metadata(self._facts)
            parts.append(work.write_part(len(parts), scored.group_id, table))
            self._done += len(batch)
            progress(self._fraction, f"scored {self._done} of {self._plan.rows} records")
        if self._done != self._plan.rows:
            raise source_changed()
        return self._manifest(parts)

    @property
    def _fraction(self) -> float:
        return CHECK_SHARE + (1 - CHECK_SHARE) * self._done / self._plan.rows

    @property
    def _facts(self) -> dict[str, str]:
        """What is true of all scores, under the names of a Parquet answer."""
        served = self._active.served
        alias = {} if served.alias is None else {"crispml.alias": served.alias}
        return {
            "crispml.use_case": served.use_case,
            "crispml.model": served.model,
            "crispml.version": served.version,
            **alias,
            "crispml.fallback": "true" if served.fallback else "false",
            "crispml.run_id": self._run.id,
        }

    def _call(self, number: int) -> ScoreCall:
        return ScoreCall(
            use_case=self._run.use_case,
            alias=self._job.alias,
            version=self._job.version,
            request_id=self._run.request_id,
            idempotency_key=f"{self._run.id}.{number}",
            fingerprint=self._fingerprint(number),
        )

    def _fingerprint(self, number: int) -> str:
        """Digest what decides about a chunk: the bytes of the source, its rows and the version."""
        files = ",".join(file.sha256 for file in self._plan.source)
        facts = (files, self._plan.rows, self._job.chunk_rows, number, self._job.version)
        return hashlib.sha256("\n".join(map(str, facts)).encode()).hexdigest()

    def _durably(self, call: ScoreCall, records: pa.RecordBatch, progress: Report) -> Scored:
        """Return the durable scores of a chunk, those of an earlier worker if it committed them."""
        key, fingerprint = call.idempotency_key or "", call.fingerprint
        stored = self._patiently(
            lambda: self._ledger.replay(call.use_case, key, fingerprint), progress
        )
        if stored is not None:
            return replayed(stored, self._active.served.privacy, records)
        scores, inputs = self._active.loaded.method.run(records, request_id=call.request_id)
        entry = Entry(call, self._active.served, scores, inputs)

        def commit() -> Scored:
            (outcome,) = self._writer.commit([entry])
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        return self._patiently(commit, progress)

    def _patiently(self, attempt: Callable[[], T], progress: Report) -> T:
        deadline = time.monotonic() + self._patience_s
        while True:
            try:
                return attempt()
            except StoreUnavailable:
                if time.monotonic() > deadline:
                    raise
            progress(self._fraction, "the ledger is away; waiting for it")
            time.sleep(_PAUSE_S)

    def _manifest(self, parts: list[BatchPart]) -> BatchManifest:
        served, first, last = self._active.served, parts[0], parts[-1]
        return BatchManifest(
            run_id=self._run.id,
            use_case=served.use_case,
            model=served.model,
            version=served.version,
            alias=served.alias,
            fallback=served.fallback,
            rows=self._plan.rows,
            first_score_id=score_id(first.group_id, 0),
            last_score_id=score_id(last.group_id, last.rows - 1),
            parts=tuple(parts),
        )
