"""Method 7, CRISP-DM *deploy*: answer new records.

In come records as a caller sent them, out goes a group of scores that is ready to be committed:
each with its id, its answer, its segments and the version behind it, and the stored fields of the
inputs.
Committing is the business of the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.scores import Score, ScoreGroup
from crispml_core.domain.use_case import UseCase
from crispml_core.ports.scorer import Predictions, Scorer
from crispml_core.tables.digest import row_digests
from crispml_core.tables.frames import to_frame
from crispml_core.tables.records import from_records


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRequest:
    """What came with the records.

    Parameters
    ----------
    alias : str or None
        The alias that led to the version; None when the caller named the version.
    fingerprint : str
        Digest of the request, to tell whether an idempotency key is used for the same one again.
    """

    scored_at: datetime
    request_id: str = ""
    alias: str | None = None
    idempotency_key: str | None = None
    fingerprint: str | None = None


class NewDataScore:
    """Answer records by a loaded model version."""

    def __init__(self, use_case: UseCase, scorer: Scorer) -> None:
        self._use_case, self._scorer = use_case, scorer

    def run(
        self, records: Sequence[dict[str, Any]], request: ScoreRequest
    ) -> tuple[ScoreGroup, list[Score]]:
        """Validate and answer records.

        Returns
        -------
        group : ScoreGroup
            The group without its place in a chain.
        scores : list of Score
            One per record, in order.

        Raises
        ------
        InvalidRecords
            If a record breaks the schema; then none is answered.
        """
        if not records:
            raise InvalidInput("records is empty; send at least one record")
        schema = self._use_case.schema
        batch, findings = from_records(records, schema, target=self._use_case.target.name)
        findings.raise_if_any()
        answers = self._scorer.predict(to_frame(batch, schema))
        manifest = self._scorer.manifest
        stored = batch.select(list(schema.stored))
        group = ScoreGroup(
            group_id=str(new_id()),
            writer_id="",
            sequence=0,
            use_case=self._use_case.name,
            model=manifest.model,
            version=manifest.version,
            alias=request.alias,
            created_at=request.scored_at,
            request_id=request.request_id,
            rows=len(records),
            inputs=_ipc(stored),
            row_digests=row_digests(stored),
            root=b"",
            previous_root=b"",
            idempotency_key=request.idempotency_key,
            fingerprint=request.fingerprint,
        )
        keys = batch.column(schema.record_key).to_pylist()
        return group, _scores(group, keys, answers, manifest.classes)


def _scores(
    group: ScoreGroup, keys: list[Any], answers: Predictions, classes: tuple[str, ...]
) -> list[Score]:
    decisions = answers.decision.tolist()
    by_class = None if answers.probabilities is None else answers.probabilities.tolist()
    segments = {name: groups.tolist() for name, groups in answers.segments.items()}
    scores = []
    for row, (key, decision) in enumerate(zip(keys, decisions, strict=True)):
        probabilities = {} if by_class is None else dict(zip(classes, by_class[row], strict=True))
        # The score of a binary model is about its positive class, whatever was decided.
        about = classes[1] if len(classes) == 2 else decision
        scores.append(
            Score(
                score_id=str(new_id()),
                group_id=group.group_id,
                row=row,
                record_key=str(key),
                use_case=group.use_case,
                model=group.model,
                version=group.version,
                prediction=decision,
                probability=probabilities.get(about) if probabilities else None,
                probabilities=probabilities,
                segments={name: groups[row] for name, groups in segments.items()},
                scored_at=group.created_at,
                request_id=group.request_id,
            )
        )
    return scores


def _ipc(batch: pa.RecordBatch) -> bytes:
    """Write the stored inputs as one compressed Arrow stream."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())
