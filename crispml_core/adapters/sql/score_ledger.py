"""Scores as rows, committed in groups."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, Row, insert, select

from crispml_core.adapters.sql.engine import reading, writing
from crispml_core.adapters.sql.errors import ConstraintBroken
from crispml_core.adapters.sql.idempotency import check_fingerprint, key_digest
from crispml_core.adapters.sql.labelled_scores import labelled_scores
from crispml_core.adapters.sql.tables import score_groups, scores
from crispml_core.adapters.sql.values import as_number, as_text, either
from crispml_core.domain.errors import Conflict, NotFound
from crispml_core.domain.scores import Score, ScoreGroup

if TYPE_CHECKING:
    import pyarrow as pa

_NEW_WRITER = (0, bytes(32))


class SqlScoreLedger:
    """The ledger in a SQL database; see `crispml_core.ports.score_ledger.ScoreLedger`.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, group: ScoreGroup, scores: Sequence[Score]) -> tuple[ScoreGroup, list[Score]]:
        """Commit a group whole, or return what its idempotency key stored before."""
        if group.idempotency_key is not None:
            earlier = self._known(group)
            if earlier is not None:
                return earlier
        try:
            self._insert(group, scores)
        except ConstraintBroken:
            earlier = self._known(group)
            if earlier is None:
                raise Conflict(
                    "a group with this id, writer and sequence, or one of its scores, is stored "
                    "already: every process needs a writer id of its own"
                ) from None
            return earlier
        return group, list(scores)

    def replay(
        self, use_case: str, idempotency_key: str, fingerprint: str
    ) -> tuple[ScoreGroup, list[Score]] | None:
        """Return what an idempotency key stored, or None."""
        digest = key_digest((use_case,), idempotency_key)
        with reading(self._engine) as connection:
            found = connection.execute(
                select(score_groups).where(score_groups.c.idempotency_digest == digest)
            ).one_or_none()
            if found is None:
                return None
            check_fingerprint(found.fingerprint, fingerprint)
            rows = connection.execute(
                select(scores)
                .where(scores.c.group_id == found.group_id)
                .order_by(scores.c.row_number)
            )
            return _group(found), [_score(row) for row in rows]

    def last_root(self, writer_id: str) -> tuple[int, bytes]:
        """Return the last sequence and root of a writer; (0, 32 zero bytes) for a new one."""
        query = (
            select(score_groups.c.sequence, score_groups.c.root)
            .where(score_groups.c.writer_id == writer_id)
            .order_by(score_groups.c.sequence.desc())
            .limit(1)
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return _NEW_WRITER if row is None else (row.sequence, row.root)

    def get(self, score_id: str) -> Score:
        """Return one score, or raise `NotFound`."""
        with reading(self._engine) as connection:
            row = connection.execute(
                select(scores).where(scores.c.score_id == score_id)
            ).one_or_none()
        if row is None:
            raise NotFound("score")
        return _score(row)

    def group(self, group_id: str) -> ScoreGroup:
        """Return one group with its inputs, or raise `NotFound`."""
        with reading(self._engine) as connection:
            row = connection.execute(
                select(score_groups).where(score_groups.c.group_id == group_id)
            ).one_or_none()
        if row is None:
            raise NotFound("score group")
        return _group(row)

    def find(
        self,
        *,
        use_case: str | None = None,
        version: str | None = None,
        record_key: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[Score]:
        """Return scores of the window [start, end), newest first, older than the score `before`."""
        query = select(scores).order_by(scores.c.score_id.desc()).limit(limit)
        if use_case is not None:
            query = query.where(scores.c.use_case == use_case)
        if version is not None:
            query = query.where(scores.c.version == version)
        if record_key is not None:
            query = query.where(scores.c.record_key == record_key)
        if start is not None:
            query = query.where(scores.c.scored_at >= start)
        if end is not None:
            query = query.where(scores.c.scored_at < end)
        if before is not None:
            query = query.where(scores.c.score_id < before)
        with reading(self._engine) as connection:
            return [_score(row) for row in connection.execute(query)]

    def with_labels(
        self,
        use_case: str,
        *,
        start: datetime | None,
        end: datetime | None,
        version: str | None = None,
        as_of: datetime | None = None,
    ) -> pa.Table:
        """Return the scores of a window [start, end), each joined to at most one label."""
        with reading(self._engine) as connection:
            return labelled_scores(
                connection, use_case, start=start, end=end, version=version, as_of=as_of
            )

    def _known(self, group: ScoreGroup) -> tuple[ScoreGroup, list[Score]] | None:
        if group.idempotency_key is None:
            return None
        return self.replay(group.use_case, group.idempotency_key, group.fingerprint or "")

    def _insert(self, group: ScoreGroup, new: Sequence[Score]) -> None:
        with writing(self._engine) as connection:
            connection.execute(insert(score_groups).values(_group_row(group)))
            if new:
                connection.execute(insert(scores), [_score_row(score) for score in new])


def _group_row(group: ScoreGroup) -> dict[str, Any]:
    return {
        "group_id": group.group_id,
        "writer_id": group.writer_id,
        "sequence": group.sequence,
        "use_case": group.use_case,
        "model": group.model,
        "version": group.version,
        "alias": group.alias,
        "created_at": group.created_at,
        "request_id": group.request_id,
        "row_count": group.rows,
        "inputs": group.inputs,
        "row_digests": group.row_digests,
        "root": group.root,
        "previous_root": group.previous_root,
        "idempotency_key": group.idempotency_key,
        "idempotency_digest": key_digest((group.use_case,), group.idempotency_key),
        "fingerprint": group.fingerprint,
    }


def _group(row: Row[Any]) -> ScoreGroup:
    return ScoreGroup(
        group_id=row.group_id,
        writer_id=row.writer_id,
        sequence=row.sequence,
        use_case=row.use_case,
        model=row.model,
        version=row.version,
        alias=row.alias,
        created_at=row.created_at,
        request_id=row.request_id,
        rows=row.row_count,
        inputs=row.inputs,
        row_digests=row.row_digests,
        root=row.root,
        previous_root=row.previous_root,
        idempotency_key=row.idempotency_key,
        fingerprint=row.fingerprint,
    )


def _score_row(score: Score) -> dict[str, Any]:
    return {
        "score_id": score.score_id,
        "group_id": score.group_id,
        "row_number": score.row,
        "record_key": score.record_key,
        "use_case": score.use_case,
        "model": score.model,
        "version": score.version,
        "prediction": as_text(score.prediction),
        "prediction_number": as_number(score.prediction),
        "probability": score.probability,
        "probabilities": score.probabilities,
        "segments": score.segments,
        "request_id": score.request_id,
        "scored_at": score.scored_at,
    }


def _score(row: Row[Any]) -> Score:
    return Score(
        score_id=row.score_id,
        group_id=row.group_id,
        row=row.row_number,
        record_key=row.record_key,
        use_case=row.use_case,
        model=row.model,
        version=row.version,
        prediction=either(row.prediction, row.prediction_number),
        probability=row.probability,
        scored_at=row.scored_at,
        request_id=row.request_id,
        probabilities=row.probabilities,
        segments=row.segments,
    )
