"""Labels as rows that are never overwritten."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Dialect,
    Engine,
    Row,
    func,
    insert,
    select,
    text,
    union_all,
)

from crispml_core.adapters.sql.databases.dialect_sql import before_import, is_text
from crispml_core.adapters.sql.databases.engine import reading, writing
from crispml_core.adapters.sql.databases.errors import ConstraintBroken
from crispml_core.adapters.sql.databases.retries import retried, retried_by_key
from crispml_core.adapters.sql.schema.idempotency import check_fingerprint, key_digest
from crispml_core.adapters.sql.schema.tables import label_imports, labels
from crispml_core.adapters.sql.schema.values import either
from crispml_core.adapters.sql.scores.index import catch_up
from crispml_core.domain.errors import Conflict, NotFound
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.labels import (
    ImportedLabels,
    Label,
    LabelReceipt,
    StoredLabel,
    Verdict,
    new_import_id,
)

if TYPE_CHECKING:
    import pyarrow as pa

_ATTEMPTS = 5
_PAGE = 20_000


class SqlLabelStore:
    """Labels in a SQL database; see `crispml_core.ports.label_store.LabelStore`.

    `labels.current_subject` is unique, so that a score or a record has one current label however
    many processes import at once; who comes second looks again and finds what the first stored.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    clock : callable
        Returns the current moment in UTC.
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def add(
        self,
        use_case: str,
        labels: Sequence[Label],
        *,
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> LabelReceipt:
        """Store a few labels in one transaction and say what became of each."""
        from crispml_core.tables.label_table import in_batches

        done = self.import_batches(
            use_case,
            list(in_batches(labels)),
            idempotency_key=idempotency_key,
            fingerprint=fingerprint,
        )
        rows = [row for batch in self.verdicts(done.import_id) for row in batch.to_pylist()]
        return LabelReceipt(
            import_id=done.import_id,
            use_case=done.use_case,
            received_at=done.received_at,
            verdicts=tuple(Verdict(row["verdict"]) for row in rows),
            label_ids=tuple(row["label_id"] for row in rows),
            counts=done.counts,
        )

    def import_batches(
        self,
        use_case: str,
        batches: Iterable[pa.RecordBatch],
        *,
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> ImportedLabels:
        """Store any number of labels in one transaction, in bounded memory."""
        again = retried if idempotency_key is None else retried_by_key
        return again(SqlLabelStore._import_once)(
            self, use_case, batches, key_digest((use_case,), idempotency_key), fingerprint
        )

    def _import_once(
        self, use_case: str, batches: Iterable[pa.RecordBatch], digest: str | None, fingerprint: str
    ) -> ImportedLabels:
        earlier = self._known(digest, fingerprint)
        if earlier is not None:
            return earlier
        catch_up(self._engine)
        for _ in range(_ATTEMPTS):
            try:
                return self._import(use_case, batches, digest, fingerprint)
            except ConstraintBroken:
                earlier = self._known(digest, fingerprint)
                if earlier is not None:
                    return earlier
        raise Conflict("other imports of the same labels keep coming: try again")

    def verdicts(self, import_id: str) -> Iterator[pa.RecordBatch]:
        """Yield what became of each row of an import, in order; a page is a transaction."""
        from crispml_core.adapters.sql.labels.verdicts import page_of_verdicts

        with reading(self._engine) as connection:
            rows = connection.execute(
                select(label_imports.c.row_count).where(label_imports.c.import_id == import_id)
            ).scalar_one_or_none()
        if rows is None:
            raise NotFound("label import")
        for first in range(0, rows, _PAGE):
            with reading(self._engine) as connection:
                yield page_of_verdicts(connection, import_id, first, min(first + _PAGE, rows))

    @retried
    def count_received(self, use_case: str, start: datetime, end: datetime) -> int:
        """Return how many labels were received in (start, end], corrections included."""
        query = select(func.count()).where(
            labels.c.use_case == use_case,
            labels.c.received_at > start,
            labels.c.received_at <= end,
        )
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    @retried
    def find(
        self,
        *,
        use_case: str | None = None,
        score_id: str | None = None,
        record_key: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[StoredLabel]:
        """Return labels with their history, newest first, older than the label `before`."""
        query = select(labels).order_by(labels.c.label_id.desc()).limit(limit)
        if use_case is not None:
            query = query.where(labels.c.use_case == use_case)
        if score_id is not None:
            query = query.where(labels.c.score_id == score_id)
        if record_key is not None:
            query = query.where(
                labels.c.label_id.in_(_under_key(self._engine.dialect, use_case, record_key))
            )
        if before is not None:
            query = query.where(labels.c.label_id < before)
        with reading(self._engine) as connection:
            return [_stored(row) for row in connection.execute(query)]

    def _import(
        self,
        use_case: str,
        batches: Iterable[pa.RecordBatch],
        digest: str | None,
        fingerprint: str,
    ) -> ImportedLabels:
        from crispml_core.adapters.sql.labels.importing import LabelImport

        with writing(self._engine) as connection:
            for statement in before_import(connection.dialect):
                connection.execute(text(statement))
            # Moment and id are taken behind the lock: later imports then have later ones.
            now, import_id = self._clock(), new_import_id()
            # First, because the labels refer to it; its rows are counted at the end.
            connection.execute(
                insert(label_imports).values(
                    import_id=import_id,
                    use_case=use_case,
                    received_at=now,
                    row_count=0,
                    idempotency_digest=digest,
                    fingerprint=fingerprint if digest else None,
                )
            )
            running = LabelImport(connection, use_case, import_id, now)
            for batch in batches:
                running.take(batch)
            running.finish()
            mine = label_imports.c.import_id == import_id
            connection.execute(label_imports.update().where(mine).values(row_count=running.rows))
        return _imported(import_id, use_case, now, running.rows, running.counts)

    def _known(self, digest: str | None, fingerprint: str) -> ImportedLabels | None:
        if digest is None:
            return None
        with reading(self._engine) as connection:
            found = connection.execute(
                select(label_imports).where(label_imports.c.idempotency_digest == digest)
            ).one_or_none()
            if found is None:
                return None
            check_fingerprint(found.fingerprint, fingerprint)
            counts = _counts(connection, found.import_id)
        # What left no row was there already.
        counts[Verdict.DUPLICATE] = found.row_count - sum(counts.values())
        return _imported(
            found.import_id, found.use_case, found.received_at, found.row_count, counts
        )


def _under_key(dialect: Dialect, use_case: str | None, record_key: str) -> CompoundSelect[Any]:
    """Return the ids of labels under a key; each of its two columns has an index of its own."""
    mine = [] if use_case is None else [labels.c.use_case == use_case]
    columns = labels.c.record_key, labels.c.timed_key
    return union_all(
        *(
            select(labels.c.label_id).where(is_text(dialect, column, record_key), *mine)
            for column in columns
        )
    )


def _counts(connection: Connection, import_id: str) -> dict[str, int]:
    query = (
        select(labels.c.verdict, func.count())
        .where(labels.c.import_id == import_id)
        .group_by(labels.c.verdict)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _imported(
    import_id: str, use_case: str, received_at: datetime, rows: int, counts: dict[str, int]
) -> ImportedLabels:
    return ImportedLabels(
        import_id=import_id,
        use_case=use_case,
        received_at=received_at,
        row_count=rows,
        counts={verdict.value: counts.get(verdict.value, 0) for verdict in Verdict},
    )


def _stored(row: Row[Any]) -> StoredLabel:
    return StoredLabel(
        label_id=row.label_id,
        use_case=row.use_case,
        value=either(row.value_text, row.value_number),
        label_time=row.label_time,
        received_at=row.received_at,
        score_id=row.score_id,
        record_key=row.record_key if row.timed_key is None else row.timed_key,
        source=row.source,
        is_current=row.current_subject is not None,
        supersedes=row.supersedes,
        propensity=row.propensity,
        scored_until=row.scored_until,
    )
