"""Erasures as rows, each in one transaction with the end of a key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update

from crispml_core.adapters.sql.databases.capabilities import capabilities
from crispml_core.adapters.sql.databases.engine import reading, writing
from crispml_core.adapters.sql.databases.errors import ConstraintBroken
from crispml_core.adapters.sql.databases.retries import retried, retried_by_key
from crispml_core.adapters.sql.databases.sqlite import truncate_log
from crispml_core.adapters.sql.schema.tables import erasures, subject_keys
from crispml_core.domain.erasures import Erasure
from crispml_core.domain.errors import Conflict

_FIELDS = tuple(field.name for field in fields(Erasure))
_ATTEMPTS = 10


class SqlErasureLog:
    """Erasures in a SQL database; see `crispml_core.ports.erasure_log.ErasureLog`.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @retried_by_key
    def commit(self, erasure: Erasure) -> Erasure:
        """Destroy the key of a subject and keep the erasure, in one transaction."""
        for _ in range(_ATTEMPTS):
            try:
                with writing(self._engine) as connection:
                    _destroy(connection, erasure)
                    earlier = _of_subject(connection, erasure.subject_key_id)
                    if not earlier:
                        connection.execute(insert(erasures).values(asdict(erasure)))
                return earlier[0] if earlier else erasure
            except ConstraintBroken:
                continue  # somebody else made the key meanwhile
        raise Conflict("the key of this subject keeps being made: try again")

    @retried
    def of_subject(self, subject_key_id: str) -> Sequence[Erasure]:
        """Return the erasures of a subject, the oldest first."""
        with reading(self._engine) as connection:
            return _of_subject(connection, subject_key_id)

    @retried
    def scrub(self) -> bool:
        """Remove what is left of destroyed keys from the files of the database.

        SQLite overwrites what is deleted (`secure_delete`), and its log is emptied here. A server
        has files that only its administrator can reach.
        """
        return capabilities(self._engine.dialect).in_process and truncate_log(self._engine)


def _destroy(connection: Connection, erasure: Erasure) -> None:
    """Overwrite a key that lives, or keep one that never did; who comes second waits here."""
    this = subject_keys.c.subject_key_id == erasure.subject_key_id
    done = connection.execute(
        update(subject_keys)
        .where(this, subject_keys.c.destroyed_at.is_(None))
        .values(wrapped_key=None, destroyed_at=erasure.erased_at)
    )
    if done.rowcount:
        return
    if connection.execute(select(subject_keys.c.subject_key_id).where(this)).first() is None:
        connection.execute(
            insert(subject_keys).values(
                subject_key_id=erasure.subject_key_id,
                wrapped_key=None,
                created_at=erasure.erased_at,
                destroyed_at=erasure.erased_at,
            )
        )


def _of_subject(connection: Connection, subject_key_id: str) -> list[Erasure]:
    query = (
        select(erasures)
        .where(erasures.c.subject_key_id == subject_key_id)
        .order_by(erasures.c.erased_at, erasures.c.erasure_id)
    )
    return [_erasure(row) for row in connection.execute(query)]


def _erasure(row: Row[Any]) -> Erasure:
    return Erasure(**{name: getattr(row, name) for name in _FIELDS})
