"""Labels as rows that are never overwritten."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, insert, null, select, update

from crispml_core.adapters.sql.engine import reading, writing
from crispml_core.adapters.sql.errors import ConstraintBroken
from crispml_core.adapters.sql.idempotency import check_fingerprint, key_digest
from crispml_core.adapters.sql.label_import import (
    Current,
    LabelImport,
    make_receipt,
    record_subject,
    score_subject,
    subject_of,
)
from crispml_core.adapters.sql.score_index import catch_up
from crispml_core.adapters.sql.score_places import find_places
from crispml_core.adapters.sql.tables import label_imports, labels, score_keys
from crispml_core.adapters.sql.values import either
from crispml_core.domain.errors import Conflict
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.scores import Label, LabelReceipt, StoredLabel, Verdict

_ATTEMPTS = 5
_IN_LIST = 1_000


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
        """Store the labels in one transaction and say what became of each row."""
        digest = key_digest((use_case,), idempotency_key)
        if any(label.score_id is None for label in labels):
            catch_up(self._engine)
        for _ in range(_ATTEMPTS):
            earlier = self._known(digest, fingerprint)
            if earlier is not None:
                return earlier
            try:
                with writing(self._engine) as connection:
                    # The moment is taken behind the lock: later imports then have later moments.
                    done = _decide(connection, use_case, labels, self._clock())
                    _store(connection, done, len(labels), digest, fingerprint)
                return done.receipt()
            except ConstraintBroken:
                continue
        raise Conflict("other imports of the same labels keep coming: try again")

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
            query = query.where(labels.c.record_key == record_key)
        if before is not None:
            query = query.where(labels.c.label_id < before)
        with reading(self._engine) as connection:
            return [_stored(row) for row in connection.execute(query)]

    def _known(self, digest: str | None, fingerprint: str) -> LabelReceipt | None:
        if digest is None:
            return None
        with reading(self._engine) as connection:
            found = connection.execute(
                select(label_imports).where(label_imports.c.idempotency_digest == digest)
            ).one_or_none()
            if found is None:
                return None
            check_fingerprint(found.fingerprint, fingerprint)
            rows = connection.execute(
                select(labels.c.row_number, labels.c.verdict, labels.c.label_id).where(
                    labels.c.import_id == found.import_id
                )
            )
            verdicts = [Verdict.DUPLICATE] * found.row_count  # what left no row was there already
            label_ids: list[str | None] = [None] * found.row_count
            for row in rows:
                verdicts[row.row_number] = Verdict(row.verdict)
                label_ids[row.row_number] = row.label_id
        return make_receipt(found.import_id, found.use_case, found.received_at, verdicts, label_ids)


def _decide(
    connection: Connection, use_case: str, new: Sequence[Label], now: datetime
) -> LabelImport:
    subjects = [subject_of(use_case, label) for label in new]
    current = _current(connection, subjects)
    first = [label for label, subject in zip(new, subjects, strict=True) if subject not in current]
    done = LabelImport(use_case, now, current, _scored(connection, use_case, first))
    for label, subject in zip(new, subjects, strict=True):
        done.take(label, subject)
    return done


def _current(connection: Connection, subjects: Iterable[str]) -> dict[str, Current]:
    found = {}
    for chunk in _chunks(subjects):
        query = select(
            labels.c.current_subject, labels.c.label_id, labels.c.value_text, labels.c.label_time
        ).where(labels.c.current_subject.in_(chunk))
        for subject, label_id, value_text, label_time in connection.execute(query).all():
            found[subject] = Current(label_id, value_text, label_time)
    return found


def _scored(connection: Connection, use_case: str, new: Iterable[Label]) -> set[str]:
    score_ids, record_keys = [], []
    for label in new:
        if label.score_id is not None:
            score_ids.append(label.score_id)
        elif label.record_key is not None:
            record_keys.append(label.record_key)
    subjects: set[str] = set()
    places = find_places(connection, score_ids)
    subjects.update(
        score_subject(use_case, score_id)
        for score_id, (_, _, owner) in places.items()
        if owner == use_case
    )
    for chunk in _chunks(record_keys):
        by_key = (
            select(score_keys.c.record_key)
            .where(score_keys.c.use_case == use_case, score_keys.c.record_key.in_(chunk))
            .distinct()
        )
        found = connection.execute(by_key).scalars().all()
        subjects.update(record_subject(use_case, record_key) for record_key in found)
    return subjects


def _store(
    connection: Connection, done: LabelImport, rows: int, digest: str | None, fingerprint: str
) -> None:
    connection.execute(
        insert(label_imports).values(
            import_id=done.import_id,
            use_case=done.use_case,
            received_at=done.received_at,
            row_count=rows,
            idempotency_digest=digest,
            fingerprint=fingerprint if digest else None,
        )
    )
    if done.corrections:
        connection.execute(
            update(labels)
            .where(labels.c.label_id == bindparam("earlier"))
            .values(
                current_subject=null(),
                superseded_by=bindparam("later"),
                superseded_at=done.received_at,
            ),
            sorted(done.corrections, key=itemgetter("earlier")),
        )
    if done.new_labels:
        # In one order whatever the order of the rows, so that two imports cannot wait for each
        # other.
        in_order = sorted(done.new_labels, key=lambda row: row["current_subject"] or "")
        connection.execute(insert(labels), in_order)


def _chunks(values: Iterable[str]) -> Iterator[list[str]]:
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), _IN_LIST):
        yield distinct[start : start + _IN_LIST]


def _stored(row: Row[Any]) -> StoredLabel:
    return StoredLabel(
        label_id=row.label_id,
        use_case=row.use_case,
        value=either(row.value_text, row.value_number),
        label_time=row.label_time,
        received_at=row.received_at,
        score_id=row.score_id,
        record_key=row.record_key,
        source=row.source,
        is_current=row.current_subject is not None,
        supersedes=row.supersedes,
        propensity=row.propensity,
    )
