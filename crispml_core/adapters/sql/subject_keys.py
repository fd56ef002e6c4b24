"""Keys of data subjects as rows; without the master key they open nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update

from crispml_core.adapters.sql.databases.among import among
from crispml_core.adapters.sql.databases.engine import reading, writing
from crispml_core.adapters.sql.databases.errors import ConstraintBroken
from crispml_core.adapters.sql.databases.retries import retried, retried_by_key
from crispml_core.adapters.sql.schema.tables import subject_keys
from crispml_core.domain.errors import Conflict
from crispml_core.domain.subjects import SubjectKey

_FIELDS = tuple(field.name for field in fields(SubjectKey))
_ATTEMPTS = 10


class SqlSubjectKeys:
    """Keys in a SQL database; see `crispml_core.ports.subject_keys.SubjectKeys`.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @retried
    def find(self, subject_key_ids: Sequence[str]) -> Mapping[str, SubjectKey]:
        """Return the keys that there are, destroyed ones included."""
        with reading(self._engine) as connection:
            return _found(connection, subject_key_ids)

    @retried_by_key
    def add(self, keys: Sequence[SubjectKey]) -> Mapping[str, SubjectKey]:
        """Keep keys of subjects that have none yet, and return the key that each of them has."""
        # In one order, so that two processes cannot wait for each other.
        offered = {key.subject_key_id: key for key in keys}
        offered = dict(sorted(offered.items()))
        for _ in range(_ATTEMPTS):
            try:
                with writing(self._engine) as connection:
                    there = _found(connection, offered)
                    new = {key_id: key for key_id, key in offered.items() if key_id not in there}
                    if new:
                        rows = [asdict(key) for key in new.values()]
                        connection.execute(insert(subject_keys), rows)
                return {**new, **there}
            except ConstraintBroken:
                continue
        raise Conflict("keys of the same subjects keep being made: try again")

    @retried_by_key
    def destroy(self, subject_key_id: str, *, at: datetime) -> SubjectKey:
        """Destroy the key of a subject and return what is left of it."""
        none = SubjectKey(
            subject_key_id=subject_key_id, wrapped_key=None, created_at=at, destroyed_at=at
        )
        self.add([none])
        this = subject_keys.c.subject_key_id == subject_key_id
        with writing(self._engine) as connection:
            connection.execute(
                update(subject_keys)
                .where(this, subject_keys.c.destroyed_at.is_(None))
                .values(wrapped_key=None, destroyed_at=at)
            )
            return _key(connection.execute(select(subject_keys).where(this)).one())

    @retried
    def destroyed(self, since: datetime) -> Sequence[str]:
        """Return the ids of the keys that were destroyed since a moment."""
        query = (
            select(subject_keys.c.subject_key_id)
            .where(subject_keys.c.destroyed_at >= since)
            .order_by(subject_keys.c.destroyed_at, subject_keys.c.subject_key_id)
        )
        with reading(self._engine) as connection:
            return list(connection.execute(query).scalars())


def _found(connection: Connection, subject_key_ids: Iterable[str]) -> dict[str, SubjectKey]:
    found = {}
    ids = list(subject_key_ids)
    for condition in among(connection.dialect, subject_keys.c.subject_key_id, ids):
        for row in connection.execute(select(subject_keys).where(condition)):
            found[row.subject_key_id] = _key(row)
    return found


def _key(row: Row[Any]) -> SubjectKey:
    return SubjectKey(**{name: getattr(row, name) for name in _FIELDS})
