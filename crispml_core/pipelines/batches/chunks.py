"""Chunk by chunk the records of a batch are scored, committed and written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from crispml_core.domain.batches import BatchPart, BatchPlan, source_changed
from crispml_core.domain.runs import Run
from crispml_core.pipelines.batches.input import repeating
from crispml_core.pipelines.batches.patience import patiently
from crispml_core.pipelines.batches.requests import BatchJob
from crispml_core.pipelines.batches.telling import Tell
from crispml_core.ports.batch_store import BatchInput, BatchWork
from crispml_core.ports.score_ledger import ScoreLedger
from crispml_core.serving.active import Active
from crispml_core.serving.ledger_writer import Entry, replayed
from crispml_core.serving.scored import ScoreCall, Scored
from crispml_core.tables.batch_check import BatchCheck
from crispml_core.tables.score_table import score_table

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")


class Chunks:
    """Scores the records of one run; chunk n has the key ``<run id>.<n>`` in the ledger.

    Parameters
    ----------
    commit : callable
        Makes an entry durable.
    patience_s : float
        How long a chunk waits for a ledger that is away.
    """

    def __init__(
        self,
        run: Run,
        plan: BatchPlan,
        active: Active,
        ledger: ScoreLedger,
        commit: Callable[[Entry], Scored],
        patience_s: float,
    ) -> None:
        self._run, self._plan, self._active = run, plan, active
        self._job = BatchJob.of(run.parameters)
        self._ledger, self._commit, self._patience_s = ledger, commit, patience_s
        use_case = active.loaded.use_case
        self._check = BatchCheck(use_case.schema, use_case.target.name)
        self._repeating = repeating(use_case)

    def score(
        self, source: BatchInput, work: BatchWork, first: int, count: int, tell: Tell
    ) -> dict[int, BatchPart]:
        """Score consecutive chunks, write their parts, and return what they are."""
        size, parts = self._job.chunk_rows, {}
        start, stop = first * size, min((first + count) * size, self._plan.rows)
        batches = source.batches(size, start=start, stop=stop, repeating=self._repeating)
        for number, batch in enumerate(batches, first):
            records, findings = self._check.check(batch, number * size)
            findings.raise_if_any()
            if len(batch) != self._plan.rows_of(number, size):
                raise source_changed()
            scored = self._durably(self._call(number), records, tell)
            table = score_table(scored.scores, scored.classes, scored.group_id, scored.offset)
            table = table.replace_schema_metadata(self._facts)
            parts[number] = work.write_part(number, scored.group_id, table)
            tell(len(batch))
        return parts

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

    def _durably(self, call: ScoreCall, records: pa.RecordBatch, tell: Tell) -> Scored:
        """Return the durable scores of a chunk, those of an earlier worker if it committed them."""
        key, fingerprint = call.idempotency_key or "", call.fingerprint
        stored = self._patiently(lambda: self._ledger.replay(call.use_case, key, fingerprint), tell)
        if stored is not None:
            return replayed(stored, self._active.served.privacy, records)
        scores, inputs = self._active.loaded.method.run(records, request_id=call.request_id)
        entry = Entry(call, self._active.served, scores, inputs)
        return self._patiently(lambda: self._commit(entry), tell)

    def _patiently(self, attempt: Callable[[], T], tell: Tell) -> T:
        away = "the ledger is away; waiting for it"
        return patiently(attempt, self._patience_s, lambda: tell(0, away))
